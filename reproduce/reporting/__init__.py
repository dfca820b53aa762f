"""Results files, figures and verdicts; reads results/, never a live model."""
