"""Models from an image, or a volume, to the probability of each region in each pixel.

Every builder takes what its own docstring describes, and
    size or box: (y, x) of the image in pixels, or (z, y, x) of the volume in voxels,
    n_channels: channels of the image,
    n_regions: regions of the mask; where they exclude each other the background is the first,
    bn_momentum: share of the old running statistics that one step of batch normalisation keeps; without effect where
        there is none,
where there is such an argument, and gives a model from float `[batch, y, x, n_channels]` to `{"mask": float32 [batch,
y, x, n_regions]}` in [0, 1], for volumes with one axis more. Regions of the models of Xue 2025 may overlap, in
sigmoids; those of the others exclude each other, in a softmax, but for a single one. Sides that are no positive
multiples of what a docstring says are refused by an ArgumentError.
"""
