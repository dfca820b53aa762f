"""Armato et al. 2011: counts of nodules in LIDC-IDRI."""
