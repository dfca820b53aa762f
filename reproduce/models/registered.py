"""Everything of this package that a saved model may name, imported, so that Keras can read any of its files.

Keras looks for the name under which a class is registered ("reproduce>Unpooling") before it looks at the module that a
file has written beside it, so that a file is read wherever the class stands by now.
"""

from reproduce.models import losses
from reproduce.models.classification import drsn, swin
from reproduce.models.detection import mask_rcnn
from reproduce.models.layers import attention, channels, context_mixing, grid, lenet, unpooling, window_attention
from reproduce.models.registration import voxelmorph
from reproduce.models.segmentation import fcn8s, pretrained_cnn

MODULES = (
    *(losses, drsn, swin, mask_rcnn, attention, channels, context_mixing, grid, lenet, unpooling, window_attention),
    *(voxelmorph, fcn8s, pretrained_cnn),
)
"""Every module that uses `models.register`."""
