"""From a model file and images to label maps on the images' own grids; no training code."""
