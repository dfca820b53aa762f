"""A hippocampus of two parts in a crop of a T1 image."""
