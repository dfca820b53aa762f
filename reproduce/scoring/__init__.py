"""One folder of predictions under the conventions of several public projects: the same masks, another mean."""
