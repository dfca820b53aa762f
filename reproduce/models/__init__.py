"""Architectures in Keras 3, keras.ops only: one a file."""
