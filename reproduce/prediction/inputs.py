"""Images that are to be predicted: NIfTI files and DICOM series that paths name, found by their headers alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reproduce.errors import ArgumentError, DataNotFoundError, ImageAxesError, ReproduceError
from reproduce.imaging.nifti import read_nifti
from reproduce.imaging.nifti_content import nifti_shape, read_nifti_header
from reproduce.imaging.nifti_header import GeometryChoice, file_affine
from reproduce.imaging.volume import Volume
from reproduce.paths import require_name
from reproduce.patient_ids import path_id
from reproduce.prediction.dicom_inputs import SeriesImage, series_below, series_of

_ENDINGS = (".nii.gz", ".nii")


@dataclass(frozen=True)
class NiftiImage:
    """A NIfTI file.

    Attributes:
        name: Name of its output, without an ending, with "/" between folders.
        path: The file.
    """

    name: str
    path: Path

    @property
    def where(self) -> Path:
        """Return the path that an error names."""
        return self.path

    def read(self, choice: GeometryChoice) -> Volume:
        """Read the image; a fourth axis of length 1 is dropped."""
        image = read_nifti(self.path, choice=choice)
        one = image.voxels.ndim == 4 and image.voxels.shape[3] == 1
        return image.on_same_grid(image.voxels[..., 0], image.unit) if one else image


def find_inputs(
    paths: Sequence[Path], *, leave_out: Callable[[ReproduceError], None] | None = None, show_names: bool = False
) -> tuple[NiftiImage | SeriesImage, ...]:
    """Return the images that files and folders name, in their order; those of a folder sorted by name.

    A folder stands for every NIfTI file and every series of CT, MR and PET below it; hidden files do not count. A
    series is named by the folder that its files lie in, or, where several lie there, by its SeriesInstanceUID. Any
    other file is taken for a slice and stands for its series in its folder.

    Args:
        paths: NIfTI files, slices and folders, at least one.
        leave_out: Called with the error of what cannot be read or named in a folder; such an image is left out, the
            others are returned. None raises the first of them.
        show_names: Whether images are named as the files and folders below `paths` are; else by stand-ins for what is
            not called as in a public data set, see `patient_ids`.

    Raises:
        DataNotFoundError: A path is not there, a file is neither NIfTI nor a slice, or a folder has no images.
        ArgumentError: Two images have one name.
        What `dicom_series.find_series` raises, where nothing is left out.
    """
    left_out: list[ReproduceError] = []
    found = [image for path in paths for image in _images(path, left_out.append, show_names=show_names)]
    for image in list(found):
        try:
            require_name(image.name)
        except ArgumentError as error:
            left_out.append(ArgumentError(expected=error.expected, got=error.got, where=image.where, do=error.do))
            found.remove(image)
    for each in left_out:
        if leave_out is None:
            raise each
        leave_out(each)
    twice = [name for name, n in Counter(image.name for image in found).items() if n > 1]
    if twice:
        wheres = " and ".join(str(image.where) for image in found if image.name == twice[0])
        do = "name the folder above both, so that outputs get folders too; or predict them apart"
        raise ArgumentError(expected="images with names of their own", got=f"{twice[0]!r} twice", where=wheres, do=do)
    return tuple(found)


def require_channels(image: NiftiImage | SeriesImage, channels: Sequence[str], choice: GeometryChoice) -> None:
    """Return if an image has as many channels as a model, and one geometry, by its header.

    Args:
        image: Of `find_inputs`.
        channels: Names of the model's channels; a DICOM series has one.
        choice: What to do where a NIfTI header contradicts itself.

    Raises:
        ImageAxesError: It has other axes or another number of channels.
        GeometryError: See `nifti_header.file_affine`.
        What reading a header raises.
    """
    if isinstance(image, SeriesImage):
        n_channels, got = 1, f"a {image.files.modality} series, which has one"
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


def _images(
    path: Path, leave_out: Callable[[ReproduceError], None], *, show_names: bool
) -> list[NiftiImage | SeriesImage]:
    if path.is_dir():
        left_out: list[ReproduceError] = []
        images: list[NiftiImage | SeriesImage] = [
            *_nifti_below(path, show_names=show_names),
            *series_below(path, left_out.append, show_names=show_names),
        ]
        if images or left_out:
            for each in left_out:
                leave_out(each)
            return sorted(images, key=lambda image: image.name)
        do = "name a folder with images; of DICOM only CT, MR and PET are read"
        got = "none" if any(path.iterdir()) else "an empty folder"
        raise DataNotFoundError(expected="NIfTI files or DICOM series", got=got, where=path, do=do)
    if not path.is_file():
        got = "neither a file nor a folder" if path.exists() else "nothing there"
        do = "check the path"
        raise DataNotFoundError(expected="an image or a folder of images", got=got, where=path, do=do)
    if path.name.endswith(_ENDINGS):
        return [NiftiImage(_stem(path.name), path)]
    return [series_of(path, show_names=show_names)]


def _nifti_below(folder: Path, *, show_names: bool) -> list[NiftiImage]:
    paths = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names if name.endswith(_ENDINGS)]
    visible = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    shown = {path: path.relative_to(folder).as_posix() if show_names else path_id(path, folder) for path in visible}
    return [NiftiImage(_stem(name), path) for path, name in shown.items()]


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".nii")
