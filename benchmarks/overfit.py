"""Whether each of the six models of document 002 can learn four phantom slices by heart, and in how many steps.

    python benchmarks/overfit.py

Four slices of one chest phantom (CT and RTSTRUCT written, read and resized as by the experiment), the arms of the `cpu`
profile with their losses, Adam 1e-3, no augmentation or dropout. `steps` is when the Dice of the lungs (reading A) over
the four slices, as predicted, reaches the goal; training goes on to 600 steps for what all five organs then have. A
model that cannot do this has a fault between its layers and its loss; a stride of 8 cannot draw an oesophagus of four
pixels. Writes benchmarks/results/overfit.csv.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from timing import RESULTS, write_rows

PROJECT = Path(__file__).resolve().parents[1]
SIZE, EVERY, MOST = 96, 10, 600
ENOUGH = {"Mask R-CNN": 0.90}
COLUMNS = ("model", "size", "goal", "steps", "dice_lungs", "dice_lungs_end", "dice_organs_end", "seconds")


def four_slices(experiment, folder: Path):
    """Image and one-hot mask `[4, SIZE, SIZE, ...]` of four slices through the heart of a phantom."""
    from reproduce.training.pipeline import resized_slices

    experiment.phantom(folder / "phantom", workers=1)
    prepared = experiment.preparation.cohort(folder / "phantom", folder / "cache")
    examples = list(
        resized_slices(prepared, experiment.preparation, cache=folder / "cache").examples.as_numpy_iterator()
    )
    n_organs = [int((example["mask"].sum(axis=(0, 1)) > 0).sum()) for example in examples]
    chosen = np.argsort(n_organs, kind="stable")[::-1][:4]
    return tuple(np.stack([examples[i][name] for i in chosen]) for name in ("image", "mask"))


def steps_needed(arm, experiment, image: np.ndarray, mask: np.ndarray) -> dict:
    """Train one arm until it knows the four slices, or for `MOST` steps."""
    from reproduce.metrics.formulas import DICE
    from reproduce.metrics.overlap import dice_from_counts
    from reproduce.tasks.scoring import cell_counts, native_masks, score_scan
    from reproduce.training.fit import Trainer

    trainer = Trainer(
        arm, experiment.optimisation, build=lambda: arm.build((SIZE, SIZE), n_channels=1, n_regions=mask.shape[-1])
    )
    goal, started, reached = ENOUGH.get(arm.name, 0.95), time.monotonic(), None
    labels = mask.argmax(axis=-1).astype(np.uint8)
    for step in range(1, MOST + 1):
        trainer.model.train_on_batch(image, dict.fromkeys(arm.targets, mask))
        if step % EVERY == 0:
            predicted = np.asarray(trainer.model.predict_on_batch(image)["mask"])
            lungs = dice_from_counts(cell_counts(mask, predicted, experiment), both_empty=0.0)
            if reached is None and lungs >= goal:
                reached = (step, f"{lungs:.3f}")
    masks = native_masks(predicted, (SIZE, SIZE), experiment)
    scored = score_scan(labels, masks, None, spacing_mm=(1.0, 1.0, 1.0), experiment=experiment)
    organs = [DICE.of(scored[name][0]["pixel"]) for name in experiment.decision.means["organs"]]
    values = (
        arm.name,
        SIZE,
        goal,
        *(reached or ("not reached", "")),
        f"{lungs:.3f}",
        f"{np.nanmean(organs):.3f}",
        round(time.monotonic() - started),
    )
    return dict(zip(COLUMNS, values, strict=True))


def main() -> None:
    """Measure the six models, one after another."""
    sys.path.insert(0, str(PROJECT / "experiments"))
    import table1_thoracic

    cpu = table1_thoracic.CPU
    one = {**cpu.phantom.arguments, "n_patients": 1}
    experiment = replace(
        cpu,
        phantom=replace(cpu.phantom, arguments=one),
        preparation=replace(cpu.preparation, size=SIZE),
        optimisation=replace(cpu.optimisation, batch_size=4, micro_batch=4),
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        image, mask = four_slices(experiment, Path(folder))
        for arm in experiment.arms:
            settings = arm.build.arguments | ({"dropout": 0.0} if "dropout" in arm.build.arguments else {})
            still = replace(arm, augmentation=None, build=replace(arm.build, arguments=settings))
            rows.append(steps_needed(still, experiment, image, mask))
            print(rows[-1], flush=True)
    write_rows(RESULTS / "overfit.csv", rows)


if __name__ == "__main__":
    main()
