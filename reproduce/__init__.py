"""Reruns the tables of papers on CNNs in medical imaging and compares them, cell by cell, with what is printed."""

import os

# TensorFlow's notices at start-up would bury our own messages; whoever sets the variable keeps what they set.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

__version__ = "0.1.0"
