"""Figures, drawn from results folders alone."""
