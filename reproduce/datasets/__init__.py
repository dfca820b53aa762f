"""TFDS builders: prepared examples on disk, keyed by their sources and parameters."""
