"""Checks of printed numbers against each other, on intervals; knows no paper."""
