"""Cohorts of phantoms on disk, in the layouts and file formats of the real ones."""
