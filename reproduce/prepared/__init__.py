"""TFDS builders: cohorts as prepared examples on disk, keyed by their sources and parameters."""
