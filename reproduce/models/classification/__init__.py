"""Models from an image to the probability of each class.

Every builder takes what its own docstring describes, and
    size: (y, x) of the image in pixels,
    n_channels: channels of the image,
    n_classes: classes that exclude each other; 1 for yes or no,
    bn_momentum: share of the old running statistics that one step of batch normalisation keeps,
    dropout: share of what the last dense layer or layers read that training drops,
where there is such an argument, and gives a model from float `[batch, y, x, n_channels]` to `{"class": float32 [batch,
n_classes]}`: a softmax, or a sigmoid where there is one class. Images of which strides and poolings leave nothing are
refused by an ArgumentError, as is what else a docstring says.
"""
