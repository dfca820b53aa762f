"""Seeded phantoms that are written in the file formats of the real data sets."""
