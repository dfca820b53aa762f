"""Errors that a user can act on, one class per thing to do: what was expected, what came, where, what to do next."""

from __future__ import annotations

from collections.abc import Callable

STOPPED = 130  # exit code after Ctrl-C, as a shell says of a program that it ended


class ReproduceError(Exception):
    """An error whose text says what was expected, what came, in which file, and what to do.

    Args:
        expected: What a correct input would have been, e.g. "one CT series".
        got: What came instead, with its values.
        where: The file, folder, case or field.
        do: The next step for the user.
    """

    def __init__(self, *, expected: str, got: str, where: object, do: str):
        self.expected, self.got, self.where, self.do = expected, got, str(where), do
        super().__init__(f"expected {expected}, got {got}\n  where: {where}\n  do:    {do}")

    def __reduce__(self) -> tuple[Callable[..., ReproduceError], tuple[type[ReproduceError], str, str, str, str]]:
        """Rebuild from the four parts, so that the error crosses a process boundary whole."""
        return _rebuild, (type(self), self.expected, self.got, self.where, self.do)


def _rebuild(kind: type[ReproduceError], expected: str, got: str, where: str, do: str) -> ReproduceError:
    return kind(expected=expected, got=got, where=where, do=do)


class ArgumentError(ReproduceError, ValueError):
    """An argument is outside what a function takes."""


class DataNotFoundError(ReproduceError, FileNotFoundError):
    """A path does not exist, or holds nothing of the kind that is asked for."""


class SeveralSeriesError(ReproduceError):
    """A folder holds several image series and none was chosen, or one series holds two reconstructions."""


class NotAnImageError(ReproduceError):
    """A file is not an image of the expected modality, or lacks what an image must say (position, spacing, size)."""


class ImageAxesError(ReproduceError):
    """An image file has fewer than 3 axes, more than 4, or an axis without voxels."""


class VoxelTypeError(ReproduceError):
    """The voxels of an image file are no real numbers, or a label map holds values that are no whole numbers."""


class PixelDecodeError(ReproduceError):
    """The pixels of a file cannot be decoded: cut short, unlike their header, corrupt, or no plug-in for them."""


class MissingSliceError(ReproduceError):
    """A series has a gap: one or more slices of a regular stack are absent."""


class DuplicateSliceError(ReproduceError):
    """Two files of a series claim the same position with different pixels, or one SOP instance two positions."""


class SliceSpacingError(ReproduceError):
    """Slices of a series are not equally spaced, and not by a whole number of missing slices either."""


class SliceOffsetError(ReproduceError):
    """Slices of a series are shifted in plane against each other, and not along one line as under a tilted gantry."""


class SliceShapeError(ReproduceError):
    """Slices of a series differ in rows, columns or pixel spacing."""


class PixelRangeError(ReproduceError):
    """Rescaled values do not fit into their type: int16 for HU of a CT, float32 or float64 for others."""


class OrientationError(ReproduceError):
    """Slices of a series differ in orientation, or an orientation is not a pair of orthogonal unit vectors."""


class GeometryError(ReproduceError, ValueError):
    """Two grids that must be one differ, or an affine is not invertible; both sides are named."""


class IntensityError(ReproduceError, ValueError):
    """Intensities cannot be normalised: the mask is empty, or they are constant within it."""


class AnnotationFormatError(ReproduceError):
    """An annotation file is not of the format that its reader reads."""


class AnnotationMismatchError(ReproduceError):
    """An annotation does not belong to the images that it is used with."""


class ContourPlaceError(ReproduceError):
    """A contour lies in no slice of the image: it is tilted to the slices, or outside of their stack."""


class CohortError(ReproduceError):
    """A cohort has another number of cases than is asserted, or too few for what is asked."""


class LeakageError(ReproduceError):
    """A patient stands on both sides of a split."""


class ProtocolError(ReproduceError, ValueError):
    """A protocol is incomplete or contradicts itself, or a run is resumed under another one."""


class NonFiniteError(ReproduceError):
    """A loss, weight or prediction is not finite; the cases of the batch are named."""


class WorkerDiedError(ReproduceError):
    """A training process was ended from outside, most likely by the system for want of memory."""


class ScriptError(ReproduceError):
    """A table's script, run again in a process of its own, did not end well; what it said stands above."""


class ResultsError(ReproduceError):
    """A results file is absent, broken, or does not have the columns that it must have."""


class ClaimsError(ReproduceError, ValueError):
    """A table of printed numbers is broken: a column, value, unit or place cannot be read."""


class MetricInputError(ArgumentError):
    """Arrays that a metric or a test compares differ in shape, or hold values that it is not defined on."""


class NotWritableError(ReproduceError, OSError):
    """A file or folder cannot be written: the disk is full, it is read-only, or something else has its name."""


class FolderInUseError(ReproduceError):
    """A folder that is to be written holds something that this package did not write."""


class WeightsError(ReproduceError):
    """A file of pretrained weights is absent, broken, of another network, or not the one that the protocol names."""


class ModelFileError(ReproduceError):
    """A model file is broken, does not say how it wants its input, or says something else than the model."""
