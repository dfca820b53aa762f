"""What models are trained towards, what a prediction is on disk, and what is measured of it."""
