"""Xue 2025 (document 000): CNNs before and after optimisation on LIDC-IDRI and BraTS."""
