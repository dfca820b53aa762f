"""Prepared examples, one a slice: how the TFDS builder writes those of any data set, and how they are read again."""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging

from reproduce.cache_key import cache_key
from reproduce.cohorts.case import Case
from reproduce.errors import CohortError
from reproduce.imaging.volume import require_right_angles
from reproduce.locks import one_writer
from reproduce.progress import tracked
from reproduce.protocol import Call
from reproduce.provenance import tree_digest

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

# TFDS warns of its own deprecated internals at every read.
logging.set_verbosity(logging.ERROR)

SPLIT = "scans"
_MAX_SLICES = 1 << 16
Example = tuple[int, dict[str, Any]]
"""Key and features of a slice."""
# Noise does not compress: zlib halves a CT slice but takes 26 ms to write it; label maps shrink to almost nothing.
_BYTES, _ZLIB = tfds.features.Encoding.BYTES, tfds.features.Encoding.ZLIB


@dataclass(frozen=True, eq=False)
class ScanLabels:
    """The reference of a scan.

    Attributes:
        patient, scan: Names within the cohort.
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
        """Return the examples in their order on disk, always the same; see `slice_features` for what one is.

        Args:
            decode_image: False leaves the image out, which is what scoring needs.
        """
        features = {name for name in self.builder.info.features if decode_image or name != "image"}
        decoders = tfds.decode.PartialDecoding(dict.fromkeys(features, True))
        config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
        return self.builder.as_dataset(split=SPLIT, decoders=decoders, read_config=config, shuffle_files=False)

    def scans(self) -> Iterator[ScanLabels]:
        """Yield the reference of each scan, in the order of the cohort."""
        examples = self.read(decode_image=False).as_numpy_iterator()
        for scan, slices in itertools.groupby(examples, key=lambda example: example["scan"]):
            first, *others = slices
            z_mm, y_mm, x_mm = map(float, first["spacing_mm"])
            labels = np.stack([example["labels"] for example in (first, *others)])
            yield ScanLabels(first["patient"].decode(), scan.decode(), labels, (z_mm, y_mm, x_mm))


@dataclass(frozen=True)
class SliceSource:
    """How the scans of a data set become slices.

    Attributes:
        name: Data set, e.g. "lidc_idri".
        homepage: Address at which it is published.
        find: Finds its cohort; called with the data root.
        read: Reads a case; called with a scan of the cohort.
        n_channels: Channels of the image.
        dtype: Type of its values: int16 for CT in HU, float32 for MR.
        mostly_zero: Whether to compress the image: a skull-stripped brain shrinks to a sixth.
    """

    name: str
    homepage: str
    find: Call
    read: Call
    n_channels: int
    dtype: type
    mostly_zero: bool = False


@dataclass(kw_only=True)
class SliceConfig(tfds.core.BuilderConfig):
    """Parameters of a preparation; `name` carries the key, so that another key is another folder.

    Attributes:
        source: The data set.
        on_beam: Whether Apache Beam spreads the scans over its workers; the examples are the same either way.
    """

    source: SliceSource
    on_beam: bool


class PreparedSlices(tfds.core.GeneratorBasedBuilder):
    """Slices of a data set at their own size, with labels, patient, scan, slice and spacing."""

    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Name the folder of the data set, unpacked."

    def _info(self) -> tfds.core.DatasetInfo:
        source = self.builder_config.source
        return tfds.core.DatasetInfo(
            builder=self, features=slice_features(source), homepage=source.homepage, disable_shuffling=True
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        cohort = self.builder_config.source.find(Path(dl_manager.manual_dir))
        cohort.ledger.write_csv(Path(self.data_path) / "ledger.csv")
        return {SPLIT: self._generate_examples(cohort.scans)}

    def _generate_examples(self, scans: Sequence[Any]) -> Any:
        """Return the examples of all scans: an iterator, or a Beam pipeline that spreads the scans over its workers."""
        numbered = list(enumerate(scans))
        examples = functools.partial(_examples, read=self.builder_config.source.read)
        if self.builder_config.on_beam:
            import apache_beam

            # Without a shuffle in between, runners read all scans on the worker that lists them.
            return apache_beam.Create(numbered) | apache_beam.Reshuffle() | apache_beam.FlatMap(examples)
        listed = tracked(numbered, "read", "scans")
        return itertools.chain.from_iterable(map(examples, listed))


def _examples(numbered: tuple[int, Any], *, read: Call) -> Iterator[Example]:
    position, scan = numbered
    return slice_examples(read(scan), position=position)


def prepared(source: SliceSource, *, root: Path, cache: Path, beam: PipelineOptions | None) -> Prepared:
    """Return a prepared data root; what is on disk under the same key is used again.

    Its `cache_key` holds every file below `root`, the source, and the code that reads and writes.

    Args:
        source: The data set.
        root: Its folder.
        cache: Folder for prepared examples.
        beam: Options of an Apache Beam pipeline, its runner among them, that reads the scans in parallel (extra
            `scale`); None reads them one after another in this process. It changes no example, so no key.
    """
    digest = tree_digest(root, memo=cache / "digests.json")
    key = cache_key(PreparedSlices, SliceConfig, sources=digest, preparation=source)
    config = SliceConfig(name=key[:16], source=source, on_beam=beam is not None)
    tfds.disable_progress_bar()
    with one_writer(cache / "tfds" / key[:16]):
        builder = PreparedSlices(config=config, data_dir=cache / "tfds")  # it sees what the writer before has prepared
        for unfinished in Path(builder.data_path).parent.glob("incomplete.*"):  # of a run that was killed
            shutil.rmtree(unfinished, ignore_errors=True)
        settings = tfds.download.DownloadConfig(manual_dir=root, beam_options=beam)
        # TFDS writes notices about itself and a bar of its own; ours, over scans, says how much is left.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(download_config=settings)
    return Prepared(source.name, key, builder, Path(builder.data_path) / "ledger.csv")


def slice_features(source: SliceSource) -> tfds.features.FeaturesDict:
    """Return the features of one slice of a data set.

    Returns:
        image `[y, x, channel]`; labels uint8 `[y, x]`; patient; scan; slice, counted from the smallest position along
        the normal; spacing_mm float64 `[3]` in the order z, y, x.
    """
    return tfds.features.FeaturesDict(
        {
            "image": tfds.features.Tensor(
                shape=(None, None, source.n_channels),
                dtype=source.dtype,
                encoding=_ZLIB if source.mostly_zero else _BYTES,
            ),
            "labels": tfds.features.Tensor(shape=(None, None), dtype=np.uint8, encoding=_ZLIB),
            "patient": tfds.features.Text(),
            "scan": tfds.features.Text(),
            "slice": np.int32,
            "spacing_mm": tfds.features.Tensor(shape=(3,), dtype=np.float64, encoding=_BYTES),
        }
    )


def slice_examples(case: Case, *, position: int) -> Iterator[Example]:
    """Yield the examples of a case, with keys that keep the order of the cohort.

    Args:
        case: The image may have channels or not; at most 255 labels and 65,535 slices.
        position: Number of the case within its cohort, from 0.

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
