"""Table 1's input at 512x512, batch 32, augmented, beside MONAI's DataLoader with two workers, from memory and disk.

Ours is `TrainingSet` as the paper profile builds it, in one process, its operations on one thread as pinned. MONAI
reads int16 slices from `.npy`, maps the window, mirrors and resamples image and mask; its CacheDataset keeps what comes
before the first random transform, as ours keeps the resized slices in memory. Without it MONAI reads the files in each
epoch, and ours the float32 slices of its disk cache. MONAI's metadata are switched off, which is faster and leaves lazy
resampling out. Where a machine is busy, two workers get a larger share of it than one process: processor time tells.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import psutil
import tensorflow as tf
from timing import WALL_MS, Row, compared, in_turn, not_timed, require_same, version

from reproduce.papers.xue2025.lidc import PAPER
from reproduce.papers.xue2025.protocol import OPTIMISED
from reproduce.training import pipeline
from reproduce.training.augment import apply_transforms, draw_transform
from reproduce.training.determinism import configure

GOAL, N_WORKERS = 3.0, 2
AUGMENTATION = OPTIMISED.augmentation


def our_epochs(slices: pipeline.Slices, *, batch: int, in_memory: bool) -> Callable[[], None]:
    """Return what runs through one epoch of the training set after the other."""
    everyone = {name.patient for name in slices.names}
    with mock.patch.object(pipeline, "_IN_MEMORY_BYTES", pipeline._IN_MEMORY_BYTES if in_memory else 0):
        examples = slices.of(everyone)
    fold = pipeline.TrainingSet(
        slices, examples, len(slices.names), batch, batch, {"mask": "mask"}, AUGMENTATION, None, seed=1, fold=0
    )
    epochs = iter(range(10**6))

    def run() -> None:
        for _ in fold.epoch(next(epochs)):
            pass

    return run


def their_epochs(files: list[dict], *, size: int, batch: int, in_memory: bool) -> Callable[[], None]:
    """Return what runs through one epoch of MONAI's loader after the other, its workers started once."""
    from monai import data, transforms

    both = ("image", "mask")
    shift = [AUGMENTATION.translation * size] * 2
    # MONAI's range is around 1, and its map goes from the result to the source, as ours does.
    scale = [(low - 1, high - 1) for low, high in [AUGMENTATION.scale] * 2]
    steps = [
        transforms.LoadImaged(both, reader="NumpyReader", image_only=True),
        transforms.EnsureChannelFirstd(both, channel_dim="no_channel"),
        transforms.ScaleIntensityRanged("image", -1000, 400, 0.0, 1.0, clip=True),
        transforms.EnsureTyped(both, dtype=np.float32),
        transforms.RandFlipd(both, prob=0.5, spatial_axis=1),
        transforms.RandAffined(
            both,
            prob=1.0,
            rotate_range=math.radians(AUGMENTATION.rotation_deg),
            translate_range=shift,
            scale_range=scale,
            mode="bilinear",
            padding_mode="zeros",
            cache_grid=True,
            spatial_size=(size, size),
        ),
        transforms.AsDiscreted("mask", threshold=0.5),
    ]
    made = transforms.Compose(steps)
    dataset = data.CacheDataset(files, made, progress=False) if in_memory else data.Dataset(files, made)
    loader = data.DataLoader(
        dataset,
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=N_WORKERS,
        persistent_workers=True,
        multiprocessing_context="spawn",  # TensorFlow's threads do not survive a fork
        worker_init_fn=start_worker,
    )

    def run() -> None:
        for _ in loader:
            pass

    return run


def start_worker(worker: int) -> None:
    """Switch metadata off in a worker, and seed it as MONAI does."""
    from monai.data import set_track_meta
    from monai.data.utils import worker_init_fn

    set_track_meta(False)
    worker_init_fn(worker)


def same_resampling(image: np.ndarray, mask: np.ndarray) -> str:
    """Return how far one augmented slice of ours is from MONAI's resampling by the same map.

    Args:
        image: float32 `[y, x, 1]`.
        mask: float32 `[y, x, 1]` in {0, 1}.

    Raises:
        DifferentResultsError: A pixel is more than 0.001 away, or one in 10,000 of the mask is another.
    """
    from monai.transforms import Affine

    size = len(image)
    vector = draw_transform(AUGMENTATION, tf.constant([3, 5], tf.int64), size)
    ours = [
        x[0, ..., 0].numpy() for x in apply_transforms(image[None], mask[None], vector[None], mirrored=(0,), size=size)
    ]
    a0, a1, a2, b0, b1, b2 = vector.numpy()[:6].astype(np.float64)
    centre = (size - 1) / 2  # MONAI's coordinates are (y, x) from the centre
    of_y, of_x = [b1, b0, b2 + (b0 + b1 - 1) * centre], [a1, a0, a2 + (a0 + a1 - 1) * centre]
    resample = Affine(affine=np.array([of_y, of_x, [0, 0, 1]]), mode="bilinear", padding_mode="zeros", image_only=True)
    their_image, their_mask = (np.asarray(resample(np.moveaxis(x, -1, 0).copy()))[0] for x in (image, mask))
    apart = float(np.abs(ours[0] - their_image).max())
    others = float(np.mean(ours[1] != (their_mask >= 0.5)))
    said = f"a slice resampled by one map: pixels to {apart:.1e}, {others:.1e} of the mask another"
    require_same(apart < 1e-3 and others < 1e-4, said)
    return said


def rows(data: Path, *, quick: bool) -> Iterator[Row]:
    """Compare epochs over the slices of phantom patients."""
    matrix, n_patients, n_slices, batch = (64, 2, 8, 4) if quick else (512, 4, 24, 32)
    configure(worker=0, precision="float32")
    phantom = replace(
        PAPER.phantom,
        arguments={**PAPER.phantom.arguments, "n_patients": n_patients, "matrix": matrix, "n_slices": n_slices},
    )
    folder = data / f"lidc_{matrix}_{n_patients}_{n_slices}"
    phantom(folder / "phantom", workers=1)
    preparation = replace(PAPER.preparation, size=matrix)
    prepared = preparation.cohort(folder / "phantom", folder / "cache")
    slices = pipeline.resized_slices(prepared, preparation, cache=folder / "cache")
    what = f"input pipeline, epoch of {len(slices.names)} slices of {matrix}x{matrix}, batch {batch}"
    try:
        from monai.data import set_track_meta

        set_track_meta(False)
        peer = f"{version('monai')}, DataLoader, {N_WORKERS} workers"
    except ImportError as error:
        yield not_timed(what, "monai", str(error), goal=GOAL)
        return
    shown = [e for e in slices.examples.as_numpy_iterator() if e["mask"].any()]
    check = same_resampling(shown[0]["image"], shown[0]["mask"])
    files = _written(prepared, folder / "npy")
    for in_memory, kept in ((True, "CacheDataset"), (False, "Dataset, from disk")):
        sides = {
            "ours": our_epochs(slices, batch=batch, in_memory=in_memory),
            "theirs": their_epochs(files, size=matrix, batch=batch, in_memory=in_memory),
        }
        taken = {name: np.array(each) for name, each in in_turn(sides, rounds=2 if quick else 7, clock=clocks).items()}
        for i, unit in enumerate((WALL_MS, "ms of processor, all processes")):
            yield compared(
                f"{what}, {'cached' if in_memory else 'not cached'}",
                f"{peer}, {kept}",
                taken["ours"][:, i],
                taken["theirs"][:, i],
                unit=unit,
                goal=GOAL,
                check=check,
            )


def clocks() -> np.ndarray:
    """Return wall clock and processor time of this process and its living children, in seconds."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    cpu_s = sum(times.user + times.system for times in (process.cpu_times() for process in processes))
    return np.array([time.perf_counter(), cpu_s])


def _written(prepared, folder: Path) -> list[dict[str, str]]:
    """Write image and mask of each slice for MONAI, and return their paths."""
    folder.mkdir(exist_ok=True)
    files = []
    for i, example in enumerate(prepared.read().as_numpy_iterator()):
        paths = {"image": folder / f"{i}_image.npy", "mask": folder / f"{i}_mask.npy"}
        np.save(paths["image"], example["image"][..., 0])
        np.save(paths["mask"], (example["labels"] > 0).astype(np.uint8))
        files.append({name: str(path) for name, path in paths.items()})
    return files
