"""Prepared examples, one a slice: what every TFDS builder of this package writes, and how it is read again."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging
from rich.progress import track

from reproduce.cache_key import cache_key
from reproduce.cohorts.case import Case
from reproduce.errors import CohortError
from reproduce.imaging.volume import require_right_angles
from reproduce.provenance import tree_digest

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

# TFDS warns of its own deprecated internals at every read.
logging.set_verbosity(logging.ERROR)

SPLIT = "scans"
_MAX_SLICES = 1 << 16
# Noise does not compress: zlib halves a CT slice but takes 26 ms to write it; label maps shrink to almost nothing.
_BYTES, _ZLIB = tfds.features.Encoding.BYTES, tfds.features.Encoding.ZLIB


@dataclass(frozen=True, eq=False)
class ScanLabels:
    """The reference of a scan.

    Attributes:
        patient, scan: Which.
        labels: uint8 `[z, y, x]` at the native size.
        spacing_mm: (z, y, x).
    """

    patient: str
    scan: str
    labels: np.ndarray
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A cohort on disk as slices at their native size, in the order of patient, scan and slice.

    Attributes:
        name: Data set, e.g. "lidc_idri".
        key: `cache_key` of the sources, the parameters and the code that reads them.
        builder: The TFDS builder, already prepared.
        ledger: CSV of what was found, in and out.
    """

    name: str
    key: str
    builder: tfds.core.DatasetBuilder
    ledger: Path

    def read(self, *, decode_image: bool = True) -> tf.data.Dataset:
        """The examples in their order on disk, always the same; see `slice_features` for what one is.

        Args:
            decode_image: False leaves the image out, which is what scoring needs.
        """
        features = {name for name in self.builder.info.features if decode_image or name != "image"}
        decoders = tfds.decode.PartialDecoding(dict.fromkeys(features, True))
        config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
        return self.builder.as_dataset(split=SPLIT, decoders=decoders, read_config=config, shuffle_files=False)

    def scans(self) -> Iterator[ScanLabels]:
        """The reference of each scan, one at a time, in the order of the cohort."""
        examples = self.read(decode_image=False).as_numpy_iterator()
        for scan, slices in itertools.groupby(examples, key=lambda example: example["scan"]):
            first, *others = slices
            spacing_mm = tuple(float(mm) for mm in first["spacing_mm"])
            labels = np.stack([example["labels"] for example in (first, *others)])
            yield ScanLabels(first["patient"].decode(), scan.decode(), labels, spacing_mm)


def prepared(
    name: str,
    builder: type[tfds.core.DatasetBuilder],
    config: type[tfds.core.BuilderConfig],
    *,
    root: Path,
    cache: Path,
    beam: PipelineOptions | None,
    parameters: Mapping[str, Any],
) -> Prepared:
    """A data root prepared by its builder; what is on disk under the same key is used again.

    Its `cache_key` holds every file below `root`, the parameters and the builder's code.

    Args:
        name: Data set, e.g. "lidc_idri".
        builder: Its class; one that makes a Beam pipeline where its configuration says so.
        config: Class of its configuration, with a field for each parameter, and `on_beam`.
        root: Folder of the data set.
        cache: Folder for prepared examples.
        beam: Options of an Apache Beam pipeline, its runner among them, that reads the scans in parallel (extra
            `scale`); None reads them one after another in this process. It changes no example, so no key.
        parameters: What decides the examples beside the files.
    """
    sources = tree_digest(root, memo=cache / "digests.json")
    key = cache_key(builder, config, sources=sources, parameters=parameters)
    settings = config(name=key[:16], on_beam=beam is not None, **parameters)
    made = builder(config=settings, data_dir=cache / "tfds")
    _prepare_quietly(made, root, beam=beam)
    return Prepared(name, key, made, Path(made.data_path) / "ledger.csv")


def _prepare_quietly(builder: tfds.core.DatasetBuilder, root: Path, *, beam: PipelineOptions | None) -> None:
    """Prepare the examples, unless they are prepared; only errors are told.

    TFDS writes notices about itself and a bar of its own; ours, over scans, says how much is left.
    """
    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=root, beam_options=beam))


def examples_of(scans: Sequence[Any], examples: Callable[[tuple[int, Any]], Iterator], *, on_beam: bool):
    """The examples of all scans, as a generator, or as a Beam pipeline that spreads the scans over its workers.

    Args:
        scans: In the order of the cohort.
        examples: From (position, scan) to the examples of a scan; one that can be pickled for Beam.
        on_beam: Which of the two.
    """
    numbered = list(enumerate(scans))
    if on_beam:
        import apache_beam

        # Without a shuffle in between, runners read all scans on the worker that lists them.
        return apache_beam.Create(numbered) | apache_beam.Reshuffle() | apache_beam.FlatMap(examples)
    listed = track(numbered, description="read scans", transient=True)
    return itertools.chain.from_iterable(map(examples, listed))


def slice_features(*, n_channels: int, dtype: type, mostly_zero: bool = False) -> tfds.features.FeaturesDict:
    """Features of one slice.

    Args:
        n_channels: Channels of the image.
        dtype: Of the image: int16 for CT in HU, float32 for MR.
        mostly_zero: Whether to compress the image: a skull-stripped brain shrinks to a sixth.

    Returns:
        image `[y, x, channel]`; labels uint8 `[y, x]`; patient; scan; slice, counted from the smallest position along
        the normal; spacing_mm float64 `[3]` in the order z, y, x.
    """
    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Tensor(
                shape=(None, None, n_channels), dtype=dtype, encoding=_ZLIB if mostly_zero else _BYTES
            ),
            "labels": tfds.features.Tensor(shape=(None, None), dtype=np.uint8, encoding=_ZLIB),
            "patient": tfds.features.Text(),
            "scan": tfds.features.Text(),
            "slice": np.int32,
            "spacing_mm": tfds.features.Tensor(shape=(3,), dtype=np.float64, encoding=_BYTES),
        }
    )


def slice_examples(case: Case, *, position: int) -> Iterator[tuple[int, dict]]:
    """The examples of a case, with keys that keep the order of the cohort.

    Args:
        case: The image may have channels or not; at most 255 labels and 65,535 slices.
        position: Of the case within its cohort, from 0.

    Raises:
        CohortError: More labels or slices than the format holds.
        GeometryError: The axes of the grid do not stand at right angles: an example keeps the spacing alone.
    """
    require_right_angles(case.image, where=case.scan)
    image, labels = case.image.voxels, case.reference.voxels
    if labels.max(initial=0) > 255 or len(labels) >= _MAX_SLICES:
        raise CohortError(
            expected=f"labels up to 255 and fewer than {_MAX_SLICES} slices",
            got=f"label {labels.max()} and {len(labels)} slices",
            where=case.scan,
            do="leave the scan out through the exclusion ledger",
        )
    image = image[..., None] if image.ndim == 3 else image
    for z in range(len(labels)):
        yield (
            position * _MAX_SLICES + z,
            {
                "image": image[z],
                "labels": labels[z].astype(np.uint8),
                "patient": case.patient,
                "scan": case.scan,
                "slice": z,
                "spacing_mm": np.array(case.image.spacing_mm),
            },
        )
