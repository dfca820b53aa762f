"""Mask R-CNN and its parts: anchors, proposals, heads, targets, losses."""
