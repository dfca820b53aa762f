"""TFDS builder of LCTSC: CT slices with the organs at risk, from the DICOM files of a data root."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow_datasets as tfds

from reproduce.cohorts import thoracic
from reproduce.prepared.slices import SPLIT, Prepared, examples_of, prepared, slice_examples, slice_features

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


@dataclass(kw_only=True)
class ThoracicConfig(tfds.core.BuilderConfig):
    """Parameters of a preparation; `name` carries the key, so that another key is another folder.

    Attributes:
        absent: See `reproduce.cohorts.thoracic.find_cohort`.
        outside: See `reproduce.cohorts.thoracic.read_organs`.
        on_beam: Whether Apache Beam spreads the scans over its workers; the examples are the same either way.
    """

    absent: thoracic.Absent
    outside: thoracic.Outside
    on_beam: bool


class Thoracic(tfds.core.GeneratorBasedBuilder):
    """Slices of LCTSC (Yang et al. 2018) at their own size: int16 HU, labels 1 to 5, patient, scan, slice, spacing."""

    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Name the folder that holds LCTSC-Train-S1-001, ..., with CT and RTSTRUCT files."

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            features=slice_features(n_channels=1, dtype=np.int16),
            homepage="https://doi.org/10.7937/K9/TCIA.2017.3R3FVZ08",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        cohort = thoracic.find_cohort(Path(dl_manager.manual_dir), absent=self.builder_config.absent)
        cohort.ledger.write_csv(Path(self.data_path) / "ledger.csv")
        return {SPLIT: self._generate_examples(cohort.scans)}

    def _generate_examples(self, scans: tuple[thoracic.ThoracicScan, ...]):
        examples = functools.partial(_examples, outside=self.builder_config.outside)
        return examples_of(scans, examples, on_beam=self.builder_config.on_beam)


def _examples(numbered: tuple[int, thoracic.ThoracicScan], *, outside: thoracic.Outside) -> Iterator[tuple[int, dict]]:
    position, scan = numbered
    return slice_examples(thoracic.read_case(scan, outside=outside), position=position)


def prepare_thoracic(
    root: Path,
    cache: Path,
    *,
    absent: thoracic.Absent,
    outside: thoracic.Outside,
    beam: PipelineOptions | None = None,
) -> Prepared:
    """LCTSC prepared for training, once; see `slices.prepared`.

    Args:
        root: Folder in the layout of LCTSC.
        cache: Folder for prepared examples.
        absent: See `reproduce.cohorts.thoracic.find_cohort`. The examples do not say which organs were outlined: "keep"
            is for models and metrics that know by other means.
        outside: See `reproduce.cohorts.thoracic.read_organs`.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: No scan is there. Other errors of `reproduce.cohorts.thoracic` and `reproduce.imaging` too.
    """
    parameters = {"absent": absent, "outside": outside}
    return prepared("lctsc", Thoracic, ThoracicConfig, root=root, cache=cache, beam=beam, parameters=parameters)
