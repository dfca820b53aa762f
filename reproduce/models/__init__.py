"""Models and losses, on keras.ops alone: every backend of Keras runs them."""

import keras

register = keras.saving.register_keras_serializable("reproduce")
"""Decorator of what a saved model may name: Keras keeps it as "reproduce>Name", whichever module it stands in.

Every module that uses it is imported by `models.registered`, so that files can be read.
"""
