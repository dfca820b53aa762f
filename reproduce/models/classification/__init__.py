"""Models from an image to the probability of each class."""
