"""What is to be predicted: NIfTI files and CT series that paths name, looked at by their headers alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import ArgumentError, DataNotFoundError, ImageAxesError
from reproduce.imaging.dicom import CtSeries, read_series
from reproduce.imaging.dicom_series import SeriesFiles, find_series
from reproduce.imaging.nifti import read_nifti
from reproduce.imaging.nifti_content import nifti_shape, read_nifti_header
from reproduce.imaging.nifti_header import GeometryChoice, file_affine
from reproduce.imaging.volume import Volume

_ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
class NiftiImage:
    """A NIfTI file.

    Attributes:
        name: Of its output, without an ending; below the folder that was named, with "/" between folders.
        path: The file.
    """

    name: str
    path: Path

    @property
    def where(self) -> Path:
        """What an error names."""
        return self.path

    def read(self, choice: GeometryChoice) -> Volume:
        """The image; a fourth axis of length 1 is dropped."""
        image = read_nifti(self.path, choice=choice)
        one = image.voxels.ndim == 4 and image.voxels.shape[3] == 1
        return image.on_same_grid(image.voxels[..., 0], image.unit) if one else image


@dataclass(frozen=True)
class CtImage:
    """A CT series.

    Attributes:
        name: Of its output, without an ending.
        files: The series.
    """

    name: str
    files: SeriesFiles

    @property
    def where(self) -> Path:
        """What an error names."""
        return self.files.files[0].parent

    def read(self) -> CtSeries:
        """The series in HU, with its UIDs."""
        return read_series(self.files)


def find_inputs(paths: Sequence[Path]) -> tuple[NiftiImage | CtImage, ...]:
    """The images that files and folders name, in their order; those of a folder sorted by name.

    A folder stands for every NIfTI file and every CT series below it; hidden files do not count. A series is named by
    the folder that its files lie in, or, where several lie there, by its SeriesInstanceUID.

    Args:
        paths: NIfTI files and folders, at least one.

    Raises:
        DataNotFoundError: A path is not there, or a folder has neither NIfTI files nor a CT series.
        ArgumentError: A file that does not end in .nii or .nii.gz, or two images of one name.
        What `dicom_series.find_series` raises.
    """
    found = [image for path in paths for image in _images(path)]
    twice = [name for name, n in Counter(image.name for image in found).items() if n > 1]
    if twice:
        wheres = " and ".join(str(image.where) for image in found if image.name == twice[0])
        do = "name the folder above both, so that outputs get folders too; or predict them apart"
        raise ArgumentError(expected="images with names of their own", got=f"{twice[0]!r} twice", where=wheres, do=do)
    return tuple(found)


def require_channels(image: NiftiImage | CtImage, channels: Sequence[str], choice: GeometryChoice) -> None:
    """Return if an image has as many channels as a model, and one geometry, by its header.

    Args:
        image: Of `find_inputs`.
        channels: Names of the model's channels; a CT series has one.
        choice: What to do where a NIfTI header contradicts itself.

    Raises:
        ImageAxesError: It has other axes or another number of channels.
        GeometryError: See `nifti_header.file_affine`.
        What reading a header raises.
    """
    if isinstance(image, CtImage):
        n_channels, got = 1, "a CT series, which has one"
    else:
        header = read_nifti_header(image.path)
        shape = nifti_shape(header, image.path)
        n_channels = shape[3] if len(shape) == 4 else 1
        got = f"{len(shape)} axes of {' x '.join(map(str, shape))} voxels"
        file_affine(header, image.path, choice)
    if n_channels != len(channels):
        one = "3 axes" if len(channels) == 1 else f"4 axes, the last of {len(channels)} channels"
        raise ImageAxesError(
            expected=f"an image of {one} ({', '.join(channels)}), as the model was trained on",
            got=got,
            where=image.where,
            do="join or split the channels in the model's order, or take the model of these images",
        )


def _images(path: Path) -> list[NiftiImage | CtImage]:
    if path.is_dir():
        images = [*_nifti_below(path), *_series_below(path)]
        if images:
            return sorted(images, key=lambda image: image.name)
        do = "name a folder with images; of DICOM only CT is read"
        got = "none" if any(path.iterdir()) else "an empty folder"
        raise DataNotFoundError(expected="NIfTI files or a CT series", got=got, where=path, do=do)
    if not path.exists():
        do = "check the path"
        raise DataNotFoundError(expected="an image or a folder of images", got="nothing there", where=path, do=do)
    if not path.name.endswith(_ENDINGS):
        do = "name a .nii or .nii.gz file, or the folder of a DICOM series"
        raise ArgumentError(expected="a NIfTI file or a folder", got=path.name, where=path, do=do)
    return [NiftiImage(_stem(path.name), path)]


def _nifti_below(folder: Path) -> list[NiftiImage]:
    paths = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names if name.endswith(_ENDINGS)]
    visible = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return [NiftiImage(_stem(path.relative_to(folder).as_posix()), path) for path in visible]


def _series_below(folder: Path) -> list[CtImage]:
    series = find_series(folder)
    parents = [os.path.commonpath([path.parent for path in each.files]) for each in series]
    several = {parent for parent, n in Counter(parents).items() if n > 1}
    images = []
    for parent, each in zip(map(Path, parents), series, strict=True):
        below = parent.relative_to(folder).as_posix()
        name = folder.absolute().name if below == "." else below
        images.append(CtImage(f"{name}/{each.series_uid}" if str(parent) in several else name, each))
    return images


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".nii")
