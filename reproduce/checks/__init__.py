"""Checks of our own tables: whether they are regenerated, how far arithmetic moves them, whether they are stale."""
