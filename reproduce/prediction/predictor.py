"""A trained model as a function from an image to the regions on its own grid."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from reproduce.arithmetic import ISA, has_bfloat16, isa
from reproduce.errors import ArgumentError, IntensityError, ModelFileError, NonFiniteError
from reproduce.imaging.boxes import averaged_over_boxes
from reproduce.imaging.intensity import mapped
from reproduce.imaging.resample import resize_slices
from reproduce.imaging.volume import Volume
from reproduce.metrics.decisions import decided
from reproduce.models import registered  # noqa: F401 - Keras finds the layers of a file once they are imported
from reproduce.prediction.model_file import mask_of, read_recipe, require_fit
from reproduce.prediction.recipe import Recipe

_SLICES_AT_A_TIME = 8
_PIXELS_AT_A_TIME = 1 << 18  # fewer slices of 512 x 512: the features of one are hundreds of megabytes


class Predictor:
    """A model with its recipe, loaded once.

    Args:
        path: A file of `model_file.save_model`.

    Raises:
        DataNotFoundError: There is no such file.
        ModelFileError: It has no recipe, is broken, or holds layers that are neither Keras's nor of this package.
    """

    def __init__(self, path: Path):
        self.recipe, self._path = read_recipe(path), path
        do = "export the model again; layers of your own must be of Keras or of this package"
        try:
            self._model = keras.saving.load_model(path, compile=False)
            require_fit(self._model, self.recipe, where=path)
            if keras.backend.backend() == "tensorflow":
                self._model.jit_compile = False  # XLA would compile for longer than a case takes
        except ArgumentError as error:
            raise ModelFileError(expected=error.expected, got=error.got, where=path, do=error.do) from error
        except Exception as error:  # Keras raises a dozen types on a broken archive or an unknown layer
            got = f"{type(error).__name__}: {error}".splitlines()[0]
            raise ModelFileError(expected="a model that Keras can load", got=got, where=path, do=do) from error
        if "bfloat16" in self._model.to_json() and not (has_bfloat16() or keras.distribution.list_devices("gpu")):
            raise ModelFileError(
                expected="a model that computes in float32, or a GPU, or a processor with bfloat16",
                got=f"one that computes in bfloat16; oneDNN uses {isa()} here",
                where=path,
                do=f"export it in float32; a processor that has bfloat16 needs {ISA}=ALL",
            )

    def probabilities(self, image: Volume, *, where: object) -> np.ndarray:
        """Return the probability of each region in each voxel, on the grid of the image.

        Args:
            image: `[z, y, x]` or `[z, y, x, channel]`, in the unit and the axes of training.
            where: The image's file, for the error.

        Returns:
            float32 `[z, y, x, region]` in [0, 1].

        Raises:
            NonFiniteError: A voxel, or a probability, is not finite.
            ModelFileError: The model cannot be run, or has no memory.
            IntensityError: A channel is constant, so that it has no z-score.
        """
        voxels = _mapped(image, self.recipe, where)
        probabilities = self._by_slices(voxels) if self.recipe.n_axes == 2 else self._by_boxes(voxels)
        if not np.isfinite(probabilities).all():
            n, do = np.count_nonzero(~np.isfinite(probabilities)), "look at this image, or at the training of the model"
            got = f"{n} of {probabilities.size} that are not"
            raise NonFiniteError(expected="finite probabilities", got=got, where=where, do=do)
        return probabilities

    def masks(self, image: Volume, *, where: object) -> np.ndarray:
        """Return which regions each voxel belongs to, bool `[z, y, x, region]`; see `probabilities`."""
        return decided(self.probabilities(image, where=where), self.recipe.threshold)

    def _by_slices(self, voxels: np.ndarray) -> np.ndarray:
        shape, size = voxels.shape[1:3], self.recipe.size
        if shape != size:  # what training does to a slice
            resized = keras.ops.image.resize(voxels, size, antialias=True, data_format="channels_last")
            voxels = keras.ops.convert_to_numpy(resized)
        step = max(1, min(_SLICES_AT_A_TIME, _PIXELS_AT_A_TIME // (size[0] * size[1])))
        batches = [voxels[z : z + step] for z in range(0, len(voxels), step)]
        probabilities = np.concatenate([self._probabilities_of(batch, n=step) for batch in batches])
        return probabilities if shape == size else resize_slices(probabilities, shape, order=1)

    def _by_boxes(self, voxels: np.ndarray) -> np.ndarray:
        z, y, x = self.recipe.size
        n_regions = len(self.recipe.regions)
        return averaged_over_boxes(
            voxels, (z, y, x), n_regions=n_regions, see=lambda box: self._probabilities_of(box[None], n=1)[0]
        )

    def _probabilities_of(self, batch: np.ndarray, *, n: int) -> np.ndarray:
        """Return the probabilities of up to `n` inputs; the model always gets `n`, as each number has its own graph."""
        full = np.concatenate([batch, np.zeros((n - len(batch), *batch.shape[1:]), batch.dtype)])
        try:
            output = self._model.predict_on_batch(full)
        except Exception as error:  # whatever a layer, or the library below it, raises
            got = f"{type(error).__name__}: {error}".splitlines()[0]
            do = "export the model again; where memory ran out, free some"
            raise ModelFileError(expected="a model that runs", got=got, where=self._path, do=do) from error
        return np.asarray(mask_of(output), np.float32)[: len(batch)]


def _mapped(image: Volume, recipe: Recipe, where: object) -> np.ndarray:
    """Return the voxels that the model sees before they are resized, float32 `[z, y, x, channel]`."""
    try:
        voxels = mapped(image.voxels, recipe.intensity)
    except (IntensityError, NonFiniteError) as error:
        raise type(error)(expected=error.expected, got=error.got, where=where, do=error.do) from error
    return voxels[..., None] if voxels.ndim == 3 else voxels
