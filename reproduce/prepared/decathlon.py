"""TFDS builder of any task of the Decathlon: slices of normalised channels with labels, from the files of a task."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import tensorflow_datasets as tfds

from reproduce.cohorts import decathlon
from reproduce.cohorts.decathlon import DecathlonScan, Task
from reproduce.cohorts.decathlon_listing import LISTING, read_listing
from reproduce.imaging.intensity import ZScore, mapped
from reproduce.paths import existing_folder
from reproduce.prepared.slices import SPLIT, Prepared, examples_of, prepared, slice_examples, slice_features
from reproduce.protocol.intensities import Window

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


@dataclass(kw_only=True)
class DecathlonConfig(tfds.core.BuilderConfig):
    """Parameters of a preparation; `name` carries the key, so that another key is another folder.

    Attributes:
        task: See `reproduce.cohorts.decathlon.find_cohort`.
        broken: Likewise.
        intensity: What becomes of the values of a whole image.
        n_channels: Channels of the task.
        on_beam: Whether Apache Beam spreads the cases over its workers; the examples are the same either way.
    """

    task: Task | None
    broken: Literal["refuse", "exclude"]
    intensity: Window | ZScore
    n_channels: int
    on_beam: bool


class Decathlon(tfds.core.GeneratorBasedBuilder):
    """Slices of a task of the Decathlon (Antonelli et al. 2022) at their own size: float32 channels, labels."""

    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Name the folder of one task, unpacked: the one that holds dataset.json."

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            features=slice_features(n_channels=self.builder_config.n_channels, dtype=np.float32),
            homepage="http://medicaldecathlon.com",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        config = self.builder_config
        cohort = decathlon.find_cohort(Path(dl_manager.manual_dir), task=config.task, broken=config.broken)
        cohort.ledger.write_csv(Path(self.data_path) / "ledger.csv")
        return {SPLIT: self._generate_examples(cohort.scans)}

    def _generate_examples(self, scans: tuple[DecathlonScan, ...]):
        examples = functools.partial(_examples, intensity=self.builder_config.intensity)
        return examples_of(scans, examples, on_beam=self.builder_config.on_beam)


def _examples(numbered: tuple[int, DecathlonScan], *, intensity: Window | ZScore) -> Iterator[tuple[int, dict]]:
    position, scan = numbered
    case = decathlon.read_case(scan)
    image = case.image.on_same_grid(mapped(case.image.voxels, intensity), "arbitrary")
    return slice_examples(replace(case, image=image), position=position)


def prepare_decathlon(
    root: Path,
    cache: Path,
    *,
    task: Task | None,
    broken: Literal["refuse", "exclude"],
    intensity: Window | ZScore,
    beam: PipelineOptions | None = None,
) -> Prepared:
    """A task of the Decathlon prepared for training, once; see `slices.prepared`.

    Args:
        root: Folder of the task.
        cache: Folder for prepared examples.
        task: See `reproduce.cohorts.decathlon.find_cohort`.
        broken: Likewise.
        intensity: What becomes of the values of a whole image, all its slices together: a z-score, or a window of HU on
            [0, 1]. The protocol's `Preparation` then says `Normalised`.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: The folder is not there, or holds no NIfTI file. Other errors of
            `reproduce.cohorts.decathlon` too.
        IntensityError: A channel is constant within the voxels of the z-score.
    """
    decathlon.require_policy(broken)
    root = existing_folder(root, holding="a task of the Decathlon")
    parameters = {"task": task, "broken": broken, "intensity": intensity, "n_channels": _n_channels(root, task)}
    return prepared("decathlon", Decathlon, DecathlonConfig, root=root, cache=cache, beam=beam, parameters=parameters)


def _n_channels(root: Path, task: Task | None) -> int:
    """Channels of the task; the features of a data set must be known before its files are read."""
    if task is None and (root / LISTING).is_file():
        return len(read_listing(root, do="name the folder of a task of the Decathlon").modalities)
    return 1 if task is None else len(task.modalities)  # without either `find_cohort` refuses
