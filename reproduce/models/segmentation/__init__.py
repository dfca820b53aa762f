"""Models from an image or a volume to the probability of each region."""
