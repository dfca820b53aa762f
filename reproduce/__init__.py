"""Reruns the tables of papers on CNNs in medical imaging and compares them, cell by cell, with what is printed."""

import os
import sys

from reproduce.arithmetic import choose
from reproduce.tensorflow_import import QuietTensorFlow

# Before the first import of TensorFlow, in workers too; whoever sets a variable keeps what they set.
choose()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if "tensorflow" not in sys.modules:
    sys.meta_path.insert(0, QuietTensorFlow())

__version__ = "0.1.0"
