"""Layers and blocks that several models share; each layer says what it reads of its input."""
