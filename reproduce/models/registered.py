"""Everything of this package that a saved model may name, imported, so that Keras can read any of its files.

Keras looks for the name under which a class is registered ("reproduce>Unpooling") before it looks at the module that a
file has written beside it, so that a file is read wherever the class stands by now.
"""

from reproduce.models import losses
from reproduce.models.classification import drsn, lenet5, swin, vit
from reproduce.models.detection import mask_rcnn
from reproduce.models.layers import channels, context_mixing, grid, normalisation
from reproduce.models.registration import voxelmorph
from reproduce.models.segmentation import fcn8s, pretrained_cnn, segnet

MODULES = (
    *(losses, drsn, lenet5, swin, vit, mask_rcnn, channels, context_mixing, grid, normalisation),
    *(voxelmorph, fcn8s, pretrained_cnn, segnet),
)
"""Every module that uses `models.register`."""
