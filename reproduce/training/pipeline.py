"""tf.data pipelines: decode, map intensities, resize, shuffle, augment, batch, prefetch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import tensorflow as tf

from reproduce.cache_key import cache_key
from reproduce.errors import ProtocolError
from reproduce.locks import one_writer
from reproduce.prepared.slices import SPLIT, Prepared
from reproduce.progress import tracked
from reproduce.protocol import Preparation, Tiles
from reproduce.protocol.augmentation import Augmentation
from reproduce.protocol.intensities import Normalised, Window
from reproduce.provenance import write_json
from reproduce.randomness import seed31
from reproduce.training.augment import apply_transforms, draw_transform, other_sides
from reproduce.training.tiles import draw_corner

_IN_MEMORY_BYTES = 2 << 30
_ON_DISK_BYTES = 32 << 30
_SHUFFLE_BUFFER = 4096


@dataclass(frozen=True)
class SliceName:
    """Which slice an example is.

    Attributes:
        patient: The unit of every split.
        scan: Within the cohort.
        slice: Counted from 0; None for all of a scan.
    """

    patient: str
    scan: str
    slice: int | None

    def __str__(self) -> str:
        return f"{self.patient} scan {self.scan}" if self.slice is None else f"{self.patient} slice {self.slice}"


@dataclass(frozen=True, eq=False)
class Slices:
    """A cohort at the size that models see.

    Attributes:
        examples: In the order of the cohort: "image" float32 `[size, size, channel]`, "mask" float32 `[size, size,
            region]` in {0, 1}, "slice" float32 `[1]`, 1 where the native slice holds any region.
        names: Names of the examples, in the same order.
        regions: Names of the regions.
        n_channels: Channels of the image.
        size: Side of the image in pixels.
    """

    examples: tf.data.Dataset
    names: tuple[SliceName, ...]
    regions: tuple[str, ...]
    n_channels: int
    size: int

    def indices(self, patients: Iterable[str]) -> list[int]:
        """Return positions of all slices of some patients, ascending."""
        wanted = set(patients)
        return [i for i, name in enumerate(self.names) if name.patient in wanted]

    def of(self, patients: Iterable[str]) -> tf.data.Dataset:
        """Return the examples of some patients in order, each with its "index"; in memory where they fit into 2 GiB."""
        chosen = self.indices(patients)
        member = tf.constant([i in set(chosen) for i in range(len(self.names))])
        numbered = self.examples.enumerate().filter(lambda i, _: member[i])
        subset = numbered.map(lambda i, example: {**example, "index": i})
        subset = subset.apply(tf.data.experimental.assert_cardinality(len(chosen)))
        fits = len(chosen) * self.size**2 * 4 * (self.n_channels + len(self.regions)) < _IN_MEMORY_BYTES
        return subset.cache() if fits else subset


def resized_slices(prepared: Prepared, preparation: Preparation, *, cache: Path) -> Slices:
    """Map intensities of a prepared cohort and resize; kept on disk, under its key, where that is below 32 GiB.

    Images shrink with anti-aliasing. A mask is 1 where the shrunk mask is at least one half, which continues the 50 %
    consensus; a lesion smaller than a pixel of the reduced size can vanish from the mask, and stays in "slice".

    Args:
        prepared: The cohort.
        preparation: Size, intensity and regions.
        cache: Folder for what can be made again.
    """
    key = cache_key(
        resized_slices,
        prepared=prepared.key,
        size=preparation.size,
        intensity=preparation.intensity,
        regions=list(preparation.regions.items()),  # their order is that of the channels
    )
    folder = cache / "resized" / key[:16]
    examples = prepared.read().map(
        lambda example: _resized(example, preparation),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    n_channels = prepared.builder.info.features["image"].shape[-1]
    n = prepared.builder.info.splits[SPLIT].num_examples
    if n * preparation.size**2 * 4 * (n_channels + len(preparation.regions)) < _ON_DISK_BYTES:
        folder.mkdir(parents=True, exist_ok=True)
        examples = examples.cache(str(folder / "examples"))
    listing = folder / "names.json"
    if not listing.exists():
        with one_writer(folder):
            if not listing.exists():
                for unfinished in folder.glob("examples*"):
                    unfinished.unlink()
                counted = tracked(examples.as_numpy_iterator(), "resize slices", "slices", total=n)
                listed = [SliceName(e["patient"].decode(), e["scan"].decode(), int(e["z"])) for e in counted]
                write_json(listing, [asdict(name) for name in listed])
    names = tuple(SliceName(**entry) for entry in json.loads(listing.read_text()))
    shown = examples.map(lambda example: {name: example[name] for name in ("image", "mask", "slice")})
    return Slices(shown, names, tuple(preparation.regions), n_channels, preparation.size)


def _resized(example: dict, preparation: Preparation) -> dict:
    size = preparation.size
    image = as_seen(tf.cast(example["image"], tf.float32), preparation.intensity)
    labels = tf.cast(example["labels"], tf.int32)
    masks = [
        tf.reduce_any(labels[..., None] == tf.constant(members), axis=-1) if members else labels > 0
        for members in preparation.regions.values()
    ]
    mask = tf.cast(tf.stack(masks, axis=-1), tf.float32)
    both = tf.image.resize(tf.concat([image, mask], axis=-1), (size, size), antialias=True)
    n_channels = example["image"].shape[-1]
    return {
        "image": tf.ensure_shape(both[..., :n_channels], (size, size, n_channels)),
        "mask": tf.cast(both[..., n_channels:] >= 0.5, tf.float32),
        "slice": tf.reshape(tf.reduce_max(mask), (1,)),
        "patient": example["patient"],
        "scan": example["scan"],
        "z": example["slice"],
    }


def as_seen(image: tf.Tensor, intensity: Window | Normalised) -> tf.Tensor:
    """Map intensities of a prepared cohort to what models see, float32."""
    if isinstance(intensity, Normalised):
        return image
    return tf.clip_by_value((image - intensity.low_hu) / (intensity.high_hu - intensity.low_hu), 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What one fold trains on; each epoch is a dataset of its own, drawn from (seed, fold, epoch) alone.

    Attributes:
        slices: The cohort.
        examples: `slices.of(patients)` of the training patients.
        n: Their number.
        batch_size: Images a step; a last step that is smaller is left out, where there is a full one.
        micro_batch: Images at a time, a divisor of `batch_size`; an epoch has whole steps only, so that no gradient
            waits for the next epoch.
        targets: For each output of the model what it is trained towards, "mask" or "slice".
        augmentation: Ranges, or None.
        tiles: What is drawn of each slice, or None for all of it.
        seed: Random seed of the training.
        fold: Index of the fold.

    Raises:
        ProtocolError: `batch_size` is no multiple of `micro_batch`, or micro-batches are to make up a step for which
            there are too few images.
    """

    slices: Slices
    examples: tf.data.Dataset
    n: int
    batch_size: int
    micro_batch: int
    targets: Mapping[str, str]
    augmentation: Augmentation | None
    tiles: Tiles | None
    seed: int
    fold: int

    def __post_init__(self) -> None:
        require_steps(self.n, self.batch_size, self.micro_batch, what="slices", fold=self.fold)

    @property
    def n_batches(self) -> int:
        """Return the number of micro-batches an epoch."""
        return max(1, self.n // self.batch_size * (self.batch_size // self.micro_batch))

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """Return shuffled and augmented micro-batches of one epoch: the image, and the target of each output."""
        return _image_and_targets(self._batches(epoch), self.targets)

    def names(self, epoch: int, batch: int) -> list[SliceName]:
        """Return which slices the micro-batch of an epoch holds: the pipeline is run again up to it."""
        drawn = next(iter(self._batches(epoch).skip(batch).take(1)))
        return [self.slices.names[i] for i in drawn["index"].numpy()]

    def _batches(self, epoch: int) -> tf.data.Dataset:
        shuffle_seed = seed31(self.seed, "shuffle", self.fold, epoch)
        order = self.examples.shuffle(min(self.n, _SHUFFLE_BUFFER), shuffle_seed, reshuffle_each_iteration=False)
        if self.augmentation is None and self.tiles is None:
            return self._batched(order)
        drawing = _Drawing(self.slices, self.augmentation, self.tiles, seed31(self.seed, "augment", self.fold), epoch)
        return self._batched(order.map(drawing.draw)).map(drawing.apply)

    def _batched(self, examples: tf.data.Dataset) -> tf.data.Dataset:
        return examples.batch(self.micro_batch, drop_remainder=self.n >= self.batch_size).take(self.n_batches)


def require_steps(n: int, batch_size: int, micro_batch: int, *, what: str, fold: int) -> None:
    """Check that `n` training slices or volumes make at least one step.

    Raises:
        ProtocolError: `batch_size` is no multiple of `micro_batch`, or micro-batches are to make up a step for which
            there are too few.
    """
    if batch_size % micro_batch or n < batch_size != micro_batch:
        raise ProtocolError(
            expected=f"a batch_size that is a multiple of micro_batch, and training {what} for one step at least",
            got=f"batch_size {batch_size}, micro_batch {micro_batch} and {n} training {what}",
            where=f"fold {fold}",
            do="change batch_size or micro_batch in the protocol, or train on more patients",
        )


@dataclass(frozen=True, eq=False)
class _Drawing:
    """Draws of each example of an epoch its tile and its augmentation, from (base, epoch, index) alone."""

    slices: Slices
    augmentation: Augmentation | None
    tiles: Tiles | None
    base: int
    epoch: int

    @property
    def size(self) -> int:
        return self.slices.size if self.tiles is None else self.tiles.size

    def draw(self, example: dict) -> dict:
        seed = tf.stack([tf.constant(self.base, tf.int64), (self.epoch << 32) + example["index"]])
        corner = None if self.tiles is None else draw_corner(self.tiles, example["mask"], seed)
        return {**example, "transform": draw_transform(self.augmentation, seed, self.size, corner=corner)}

    def apply(self, batch: dict) -> dict:
        sides = () if self.augmentation is None else self.augmentation.sides
        mirrored = other_sides(self.slices.regions, sides)
        image, mask = apply_transforms(
            batch["image"], batch["mask"], batch["transform"], mirrored=mirrored, size=self.size
        )
        if self.tiles is None:
            return {**batch, "image": image, "mask": mask}
        return {**batch, "image": image, "mask": mask, "slice": tf.reduce_max(mask, axis=(1, 2, 3))[:, None]}


def held_out(
    slices: Slices,
    patients: Iterable[str],
    *,
    batch_size: int,
    targets: Mapping[str, str],
    tiles: Tiles | None = None,
) -> tf.data.Dataset:
    """Return batches of some patients' slices in order, never augmented: the image, and the target of each output.

    Args:
        slices: The cohort.
        patients: Who validates.
        batch_size: Images at a time.
        targets: See `TrainingSet`.
        tiles: One is drawn of each slice, the same each time; None shows whole slices.
    """
    examples = slices.of(patients)
    if tiles is None:
        return _image_and_targets(examples.batch(batch_size), targets)
    drawing = _Drawing(slices, None, tiles, seed31("validation"), 0)
    return _image_and_targets(examples.map(drawing.draw).batch(batch_size).map(drawing.apply).cache(), targets)


def _image_and_targets(batches: tf.data.Dataset, targets: Mapping[str, str]) -> tf.data.Dataset:
    return batches.map(
        lambda batch: (batch["image"], {output: batch[name] for output, name in targets.items()})
    ).prefetch(2)
