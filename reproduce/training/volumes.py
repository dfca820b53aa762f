"""A cohort as volumes at their own grid: kept on disk, drawn and augmented into boxes, predicted whole."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from reproduce.cache_key import cache_key
from reproduce.imaging.boxes import Box, averaged_over_boxes, set_into
from reproduce.locks import one_writer
from reproduce.metrics.decisions import inside
from reproduce.paths import path_below
from reproduce.prepared.slices import SPLIT, Prepared
from reproduce.progress import tracked
from reproduce.protocol import Preparation
from reproduce.protocol.augmentation import VolumeAugmentation
from reproduce.provenance import write_json
from reproduce.randomness import stream
from reproduce.training.augment_volumes import augmented
from reproduce.training.pipeline import SliceName, as_seen, require_steps
from reproduce.training.predict import require_finite, write_prediction


@dataclass(frozen=True, eq=False)
class Volumes:
    """A cohort as models of volumes see it; the voxels stay on disk until they are asked for.

    Attributes:
        folder: One file of each array of each scan.
        names: Names of the scans in the order of the cohort; "slice" is None.
        regions: Name of each region with the labels that it unites; none means any label.
        n_channels: Channels of the image.
    """

    folder: Path
    names: tuple[SliceName, ...]
    regions: Mapping[str, tuple[int, ...]]
    n_channels: int

    def indices(self, patients: Iterable[str]) -> list[int]:
        """Return positions of all scans of some patients, ascending."""
        wanted = set(patients)
        return [i for i, name in enumerate(self.names) if name.patient in wanted]

    def image(self, i: int) -> np.ndarray:
        """Return float32 `[z, y, x, channel]`, intensities mapped."""
        return np.load(self.folder / f"{i}.image.npy", mmap_mode="r")

    def labels(self, i: int) -> np.ndarray:
        """Return uint8 `[z, y, x]`."""
        return np.load(self.folder / f"{i}.labels.npy", mmap_mode="r")

    def masks(self, labels: np.ndarray) -> np.ndarray:
        """Return float32 `[..., region]` in {0, 1} of labels."""
        return np.stack([inside(labels, members) for members in self.regions.values()], -1).astype(np.float32)


def whole_volumes(prepared: Prepared, preparation: Preparation, *, cache: Path) -> Volumes:
    """Map intensities of a prepared cohort, and resize nothing; kept on disk under its key.

    Args:
        prepared: The cohort.
        preparation: Intensity and regions; its size is for slices.
        cache: Folder for what can be made again.
    """
    key = cache_key(whole_volumes, prepared=prepared.key, intensity=preparation.intensity)
    folder = cache / "volumes" / key[:16]
    features = prepared.builder.info.features
    listing = folder / "names.json"
    if not listing.exists():
        with one_writer(folder):
            if not listing.exists():
                folder.mkdir(parents=True, exist_ok=True)
                write_json(listing, [asdict(name) for name in _written(prepared, preparation, folder)])
    names = tuple(SliceName(**entry) for entry in json.loads(listing.read_text()))
    return Volumes(folder, names, preparation.regions, features["image"].shape[-1])


def _written(prepared: Prepared, preparation: Preparation, folder: Path) -> list[SliceName]:
    names = []
    total = prepared.builder.info.splits[SPLIT].num_examples
    slices = tracked(prepared.read().as_numpy_iterator(), "stack slices", "slices", total=total)
    for i, (scan, group) in enumerate(itertools.groupby(slices, key=lambda example: example["scan"])):
        examples = list(group)
        image = np.stack([example["image"] for example in examples]).astype(np.float32)
        np.save(folder / f"{i}.image.npy", as_seen(tf.constant(image), preparation.intensity).numpy())
        np.save(folder / f"{i}.labels.npy", np.stack([example["labels"] for example in examples]))
        names.append(SliceName(examples[0]["patient"].decode(), scan.decode(), None))
    return names


@dataclass(frozen=True, eq=False)
class VolumeTrainingSet:
    """What one fold trains on; each epoch is a dataset of its own, drawn from (seed, fold, epoch) alone.

    Attributes:
        volumes: The cohort.
        patients: Who trains.
        box: (z, y, x) in voxels of what the model sees.
        batch_size, micro_batch: Volumes a step, and at a time; see `pipeline.TrainingSet`.
        targets: For each output of the model "mask".
        augmentation: Ranges, or None: then the middle of each volume is shown as it is.
        seed: Random seed of the training.
        fold: Index of the fold.

    Raises:
        ProtocolError: See `pipeline.TrainingSet`.
    """

    volumes: Volumes
    patients: tuple[str, ...]
    box: Box
    batch_size: int
    micro_batch: int
    targets: Mapping[str, str]
    augmentation: VolumeAugmentation | None
    seed: int
    fold: int

    def __post_init__(self) -> None:
        n = len(self.volumes.indices(self.patients))
        require_steps(n, self.batch_size, self.micro_batch, what="volumes", fold=self.fold)

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """Return shuffled and augmented micro-batches of one epoch: the image, and the target of each output."""
        order = self._order(epoch)
        drawn = _dataset(lambda i: self._drawn(int(i), epoch), order.tolist(), self.volumes, self.box)
        whole = drawn.batch(self.micro_batch, drop_remainder=len(order) >= self.micro_batch)
        return _with_targets(whole, self.targets)

    def names(self, epoch: int, batch: int) -> list[SliceName]:
        """Return which volumes the micro-batch of an epoch holds."""
        first = batch * self.micro_batch
        return [self.volumes.names[i] for i in self._order(epoch)[first : first + self.micro_batch]]

    def _order(self, epoch: int) -> np.ndarray:
        chosen = self.volumes.indices(self.patients)
        shuffled = stream(self.seed, "shuffle", self.fold, epoch).permutation(chosen)
        return shuffled[: len(chosen) // self.batch_size * self.batch_size or None]

    def _drawn(self, i: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        if self.augmentation is None:
            return _middle(self.volumes, i, self.box)
        rng = stream(self.seed, "augment", self.fold, epoch, i)
        image, labels = self.volumes.image(i), self.volumes.labels(i)
        image, labels = augmented(image, labels, self.box, self.augmentation, rng)
        return image, self.volumes.masks(labels)


def held_out_volumes(
    volumes: Volumes, patients: Iterable[str], box: Box, *, batch_size: int, targets: Mapping[str, str]
) -> tf.data.Dataset:
    """Return batches of the middles of some patients' volumes, in order: the image, and the target of each output."""
    middles = _dataset(lambda i: _middle(volumes, int(i), box), volumes.indices(patients), volumes, box)
    return _with_targets(middles.batch(batch_size).cache(), targets)


def predict_volumes(model: keras.Model, folder: Path, *, volumes: Volumes, patients: tuple[str, ...], box: Box) -> None:
    """Write a prediction for each scan of some patients to `folder/<scan>.npz`, at its own grid.

    Args:
        model: Trained.
        folder: Folder of this model, seed and fold alone.
        volumes: The cohort.
        patients: Test patients of the fold.
        box: (z, y, x) in voxels of what the model sees.

    Raises:
        NonFiniteError: A probability is not finite; the scan is named, and not written.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def see(part: np.ndarray) -> np.ndarray:
        return keras.ops.convert_to_numpy(model.predict_on_batch(part[None])["mask"])[0]

    for i in volumes.indices(patients):
        found = averaged_over_boxes(volumes.image(i), box, n_regions=len(volumes.regions), see=see)
        require_finite(found, "mask", volumes.names[i])
        write_prediction(path_below(folder, f"{volumes.names[i].scan}.npz"), {"mask": found})


def _middle(volumes: Volumes, i: int, box: Box) -> tuple[np.ndarray, np.ndarray]:
    labels = set_into(volumes.labels(i)[..., None], box)[..., 0]
    return set_into(volumes.image(i), box), volumes.masks(labels)


def _dataset(
    draw: Callable[[int], tuple[np.ndarray, np.ndarray]], order: Sequence[int], volumes: Volumes, box: Box
) -> tf.data.Dataset:
    """Return image and mask of each scan of an order, by a function of its position."""
    drawn = tf.data.Dataset.from_tensor_slices(np.asarray(order, np.int64)).map(
        lambda i: tf.numpy_function(draw, [i], (tf.float32, tf.float32), stateful=False)
    )
    shapes = ((*box, volumes.n_channels), (*box, len(volumes.regions)))
    return drawn.map(lambda *both: tuple(tf.ensure_shape(t, s) for t, s in zip(both, shapes, strict=True)))


def _with_targets(batches: tf.data.Dataset, targets: Mapping[str, str]) -> tf.data.Dataset:
    return batches.map(lambda image, mask: (image, dict.fromkeys(targets, mask))).prefetch(2)
