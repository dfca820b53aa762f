"""TFDS builder of LIDC-IDRI: CT slices with the readers' consensus, from the DICOM and XML files of a data root."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow_datasets as tfds

from reproduce.cohorts import lidc
from reproduce.prepared.slices import SPLIT, Prepared, examples_of, prepared, slice_examples, slice_features

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


@dataclass(kw_only=True)
class LidcConfig(tfds.core.BuilderConfig):
    """Parameters of a preparation; `name` carries the key, so that another key is another folder.

    Attributes:
        consensus: Share of the readers of a nodule within whose outlines a voxel must lie, in (0, 1].
        min_readers: Readers who must have outlined a nodule for it to count.
        on_beam: Whether Apache Beam spreads the scans over its workers; the examples are the same either way.
    """

    consensus: float = 0.5
    min_readers: int = 1
    on_beam: bool = False


class LidcIdri(tfds.core.GeneratorBasedBuilder):
    """Slices of LIDC-IDRI (Armato et al. 2011) at 512x512: int16 HU, nodule numbers, patient, scan, slice, spacing."""

    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Name the folder that holds LIDC-IDRI-0001, ..., with DICOM and XML files."

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            features=slice_features(n_channels=1, dtype=np.int16),
            homepage="https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager):
        cohort = lidc.find_cohort(Path(dl_manager.manual_dir))
        cohort.ledger.write_csv(Path(self.data_path) / "ledger.csv")
        return {SPLIT: self._generate_examples(cohort.scans)}

    def _generate_examples(self, scans: tuple[lidc.LidcScan, ...]):
        config = self.builder_config
        examples = functools.partial(_examples, consensus=config.consensus, min_readers=config.min_readers)
        return examples_of(scans, examples, on_beam=config.on_beam)


def _examples(numbered: tuple[int, lidc.LidcScan], *, consensus: float, min_readers: int) -> Iterator[tuple[int, dict]]:
    position, scan = numbered
    case = lidc.read_case(scan, consensus=consensus, min_readers=min_readers)
    return slice_examples(case, position=position)


def prepare_lidc(
    root: Path, cache: Path, *, consensus: float, min_readers: int, beam: PipelineOptions | None = None
) -> Prepared:
    """LIDC-IDRI prepared for training, once; see `slices.prepared`.

    Args:
        root: Folder in the layout of LIDC-IDRI.
        cache: Folder for prepared examples.
        consensus: See `LidcConfig`.
        min_readers: See `LidcConfig`.
        beam: See `slices.prepared`.

    Raises:
        DataNotFoundError: No scan is there. Other errors of `reproduce.cohorts.lidc` and `reproduce.imaging.dicom` too.
    """
    parameters = {"consensus": consensus, "min_readers": min_readers}
    return prepared("lidc_idri", LidcIdri, LidcConfig, root=root, cache=cache, beam=beam, parameters=parameters)
