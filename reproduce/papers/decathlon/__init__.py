"""Medical Segmentation Decathlon, hippocampus: the anchor of the training."""
