"""RT Structure Sets (PS3.3 A.19): a DICOM file in, structures with their contours in patient space out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import RTStructureSetStorage

from reproduce.errors import AnnotationFormatError, NotAnImageError
from reproduce.imaging.dicom_files import read_dicom, sop_class
from reproduce.imaging.rtstruct_contours import (
    AREA_TYPES,
    REPAIR,
    Contour,
    contours_of,
    item_text,
    items_of,
    number_of,
    value_of,
)

__all__ = ["Structure", "StructureSet", "read_structures"]


@dataclass(frozen=True, eq=False)
class Structure:
    """One region of interest of a structure set.

    Attributes:
        number: ROINumber, unique within its file.
        name: ROIName as it is written, white space around it removed; "" where the file has none.
        frame_uid: FrameOfReferenceUID that its contours are in: its own, else the first of ReferencedFrameOfReference-
            Sequence, else that of the file (0020,0052); "" where none is named.
        kind: RTROIInterpretedType, e.g. "ORGAN"; "" where the file does not say.
        colour_rgb: ROIDisplayColor, 0 to 255; None where the file has none.
        contours: In the order of the file; empty where nothing was outlined.
        path: The file.
    """

    number: int
    name: str
    frame_uid: str
    kind: str
    colour_rgb: tuple[int, int, int] | None
    contours: tuple[Contour, ...]
    path: Path

    @property
    def encloses(self) -> bool:
        """Return whether any contour is the outline of an area; points and open lines are none."""
        return any(contour.geometric_type in AREA_TYPES for contour in self.contours)


@dataclass(frozen=True, eq=False)
class StructureSet:
    """The structures of one file, and the images that it says they were drawn on.

    Attributes:
        path: The file.
        label: StructureSetLabel.
        patient_id: PatientID, "" where the file has none.
        study_uid: StudyInstanceUID, "" where the file has none.
        frame_uids: Every FrameOfReferenceUID that the file names: in ReferencedFrameOfReferenceSequence, as its own
            (0020,0052), and in its structures (3006,0024).
        series_uids: Every image series that it refers to, in its order; may be empty, or name what is nowhere.
        structures: Sorted by number.
    """

    path: Path
    label: str
    patient_id: str
    study_uid: str
    frame_uids: tuple[str, ...]
    series_uids: tuple[str, ...]
    structures: tuple[Structure, ...]

    @property
    def empty_names(self) -> tuple[str, ...]:
        """Return the names of the structures without any outline of an area, sorted."""
        return tuple(sorted(structure.name for structure in self.structures if not structure.encloses))


def read_structures(path: Path) -> StructureSet:
    """Read the structures of a file; contours, their points and their types are as the file has them.

    An ROI without an item in ROIContourSequence, or with an empty one, is a structure without contours.

    Args:
        path: A DICOM file of modality RTSTRUCT.

    Returns:
        The structures; none where StructureSetROISequence is empty.

    Raises:
        DataNotFoundError: There is no such file.
        AnnotationFormatError: It is no structure set, or is cut short; it has no StructureSetROISequence, or structures
            and no ROIContourSequence; an ROI has no number, or one that another has too; contours belong to no ROI; a
            contour has no type, no points, other than NumberOfContourPoints says, a number of coordinates that is no
            multiple of 3, or a coordinate that is no finite number of at most 100 m. The text names structure and
            contour.
    """
    dataset = _dataset(path)
    numbers = [number_of(item, "ROINumber", path) for item in items_of(dataset, "StructureSetROISequence", path)]
    _require_unique(numbers, "ROINumber", path)
    for keyword in ("StructureSetROISequence", *(["ROIContourSequence"] if numbers else [])):
        if keyword not in dataset:
            got = f"none beside {len(numbers)} structures; the file may be cut short"
            raise AnnotationFormatError(expected=f"{keyword} {Tag(keyword)}", got=got, where=path, do=REPAIR)
    contour_items = _by_number(dataset, "ROIContourSequence", path, known=numbers)
    observations = _by_number(dataset, "RTROIObservationsSequence", path, known=numbers)
    frames = items_of(dataset, "ReferencedFrameOfReferenceSequence", path)
    frame_uids = _unique(item_text(source, "FrameOfReferenceUID", path) for source in (*frames, dataset))
    structures = []
    for number, item in zip(numbers, items_of(dataset, "StructureSetROISequence", path), strict=True):
        name = item_text(item, "ROIName", path)
        drawn = contour_items.get(number)
        structures.append(
            Structure(
                number=number,
                name=name,
                frame_uid=item_text(item, "ReferencedFrameOfReferenceUID", path) or next(iter(frame_uids), ""),
                kind=item_text(observations.get(number, Dataset()), "RTROIInterpretedType", path),
                colour_rgb=_colour(drawn, path, name),
                contours=() if drawn is None else contours_of(drawn, path, structure=f"{number} {name!r}"),
                path=path,
            )
        )
    return StructureSet(
        path=path,
        label=item_text(dataset, "StructureSetLabel", path),
        patient_id=item_text(dataset, "PatientID", path),
        study_uid=item_text(dataset, "StudyInstanceUID", path),
        frame_uids=_unique((*frame_uids, *(structure.frame_uid for structure in structures))),
        series_uids=_unique(_series_uids(frames, path)),
        structures=tuple(sorted(structures, key=lambda structure: structure.number)),
    )


def _dataset(path: Path) -> Dataset:
    """Read the elements of a file that is a structure set."""
    try:
        dataset = read_dicom(path)
    except NotAnImageError as error:
        raise AnnotationFormatError(expected="a DICOM structure set", got=error.got, where=path, do=error.do) from error
    found = item_text(dataset, "SOPClassUID", path) or sop_class(dataset)
    if found != RTStructureSetStorage:
        got = f"SOP class {found or '(none)'}, modality {item_text(dataset, 'Modality', path) or '(none)'}"
        do = "name the file of modality RTSTRUCT"
        raise AnnotationFormatError(
            expected=f"an RT Structure Set ({RTStructureSetStorage})", got=got, where=path, do=do
        )
    return dataset


def _by_number(dataset: Dataset, keyword: str, path: Path, *, known: list[int]) -> dict[int, Dataset]:
    """Return the items of a sequence by the ROI that they belong to."""
    items = items_of(dataset, keyword, path)
    numbers = [number_of(item, "ReferencedROINumber", path) for item in items]
    unknown = sorted(set(numbers) - set(known))
    if unknown:
        raise AnnotationFormatError(
            expected=f"{keyword} for the ROI numbers {sorted(known)} of StructureSetROISequence",
            got=f"the numbers {unknown} too",
            where=path,
            do=REPAIR,
        )
    if keyword == "ROIContourSequence":  # of an ROI, several observations may be told; the first is taken
        _require_unique(numbers, f"{keyword} item of a ROI", path)
    return dict(reversed(list(zip(numbers, items, strict=True))))


def _require_unique(numbers: list[int], what: str, path: Path) -> None:
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        got = f"several of number {', '.join(map(str, twice))}"
        raise AnnotationFormatError(expected=f"one {what}", got=got, where=path, do=REPAIR)


def _series_uids(frames: list[Dataset], path: Path) -> list[str]:
    return [
        item_text(series, "SeriesInstanceUID", path)
        for frame in frames
        for study in items_of(frame, "RTReferencedStudySequence", path)
        for series in items_of(study, "RTReferencedSeriesSequence", path)
    ]


def _colour(item: Dataset | None, path: Path, name: str) -> tuple[int, int, int] | None:
    value = None if item is None else value_of(item, "ROIDisplayColor", path)
    if value is None or value == "":
        return None
    try:
        red, green, blue = (int(v) for v in value)
        is_colour = all(0 <= v <= 255 for v in (red, green, blue))
    except (TypeError, ValueError):
        is_colour = False
    if not is_colour:
        expected = "ROIDisplayColor of three numbers from 0 to 255"
        where = f"{path}, structure {name!r}"
        raise AnnotationFormatError(expected=expected, got=str(value), where=where, do=REPAIR)
    return red, green, blue


def _unique(uids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(uid for uid in uids if uid))
