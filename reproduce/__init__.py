"""Reruns the tables of papers on CNNs in medical imaging and compares them, cell by cell, with what is printed."""

__version__ = "0.1.0"
