"""TFDS builder of BraTS: slices of z-scored modalities with the tumour's tissues, from NIfTI files of a data root."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import tensorflow_datasets as tfds

from reproduce.cohorts import brats
from reproduce.cohorts.brats_files import BratsScan
from reproduce.cohorts.brats_layouts import Decathlon, Layout
from reproduce.cohorts.case import Case
from reproduce.imaging.intensity import zscore_within
from reproduce.prepared.slices import SPLIT, Prepared, examples_of, prepared, slice_examples, slice_features

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


@dataclass(kw_only=True)
class BratsConfig(tfds.core.BuilderConfig):
    """Parameters of a preparation; `name` carries the key, so that another key is another folder.

    Attributes:
        layouts: See `reproduce.cohorts.brats.find_cohort`.
        broken: Likewise.
        on_beam: Whether Apache Beam spreads the scans over its workers; the examples are the same either way.
    """

    layouts: tuple[Layout | Decathlon, ...]
    broken: Literal["refuse", "exclude"]
    on_beam: bool


class Brats(tfds.core.GeneratorBasedBuilder):
    """Slices of BraTS (Menze et al. 2015) at their own size: float32 z-scores of all modalities, labels 1, 2 and 4."""

    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Name the folder of a release of BraTS, or of Task01 of the Decathlon, unpacked."

    def _info(self) -> tfds.core.DatasetInfo:
        n_channels = len(self.builder_config.layouts[0].modalities)
        return tfds.core.DatasetInfo(
            builder=self,
            features=slice_features(n_channels=n_channels, dtype=np.float32, mostly_zero=True),
            homepage="https://doi.org/10.1109/TMI.2014.2377694",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        config = self.builder_config
        cohort = brats.find_cohort(Path(dl_manager.manual_dir), layouts=config.layouts, broken=config.broken)
        cohort.ledger.write_csv(Path(self.data_path) / "ledger.csv")
        return {SPLIT: self._generate_examples(cohort.scans)}

    def _generate_examples(self, scans: tuple[BratsScan, ...]):
        return examples_of(scans, _examples, on_beam=self.builder_config.on_beam)


def _examples(numbered: tuple[int, BratsScan]) -> Iterator[tuple[int, dict]]:
    position, scan = numbered
    return slice_examples(_normalised(scan), position=position)


def _normalised(scan: BratsScan) -> Case:
    """A case whose modalities have mean 0 and standard deviation 1 within the brain, each by itself, and 0 outside."""
    case = brats.read_case(scan)
    scores = zscore_within(case.image.voxels, brats.brain_of(scan, case.image))
    return replace(case, image=case.image.on_same_grid(scores, "arbitrary"))


def prepare_brats(
    root: Path,
    cache: Path,
    *,
    layouts: Sequence[Layout | Decathlon],
    broken: Literal["refuse", "exclude"],
    beam: PipelineOptions | None = None,
) -> Prepared:
    """BraTS prepared for training, once; see `slices.prepared`.

    Args:
        root: Folder of a release.
        cache: Folder for prepared examples.
        layouts: See `reproduce.cohorts.brats.find_cohort`.
        broken: Likewise.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: No NIfTI file is there. Other errors of `reproduce.cohorts.brats` too.
        IntensityError: A modality is constant within the brain.
    """
    brats.require_layouts(layouts, broken)
    parameters = {"layouts": tuple(layouts), "broken": broken}
    return prepared("brats", Brats, BratsConfig, root=root, cache=cache, beam=beam, parameters=parameters)
