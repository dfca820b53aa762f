"""Metrics on arrays: float64 NumPy, no files, no Keras."""
