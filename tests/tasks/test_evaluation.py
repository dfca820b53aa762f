"""From stored predictions to scores, decisions, histories, and the slices that are shown."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from reproduce.cohorts.splits import Fold
from reproduce.protocol.intensities import Window
from reproduce.tasks import evaluation
from reproduce.tasks.evaluation import evaluate
from reproduce.training.job import Job

WEAK, STRONG = (SimpleNamespace(name=name) for name in ("weak", "strong"))
PATIENTS = tuple(f"PHANTOM-000{i}" for i in (1, 2, 3))


def patients_validate(fold):
    return fold.index == 1


def quality(arm, patient):
    """How much of the reference an arm marks: weak nothing; strong all, the first three slices, nothing."""
    return 0 if arm is WEAK else {PATIENTS[0]: 6, PATIENTS[1]: 3, PATIENTS[2]: 0}[patient]


@pytest.fixture(scope="module")
def labels(prepared):
    return {found.patient: (found.scan, found.labels > 0) for found in prepared.scans()}


@pytest.fixture(scope="module")
def experiment():
    return SimpleNamespace(
        arms=(WEAK, STRONG),
        preparation=SimpleNamespace(regions={"nodule": ()}, intensity=Window(low_hu=-1000.0, high_hu=400.0)),
        decision=SimpleNamespace(
            threshold=0.5, lesion_overlap=0.1, measured={"nodule": ("nodule",)}, means={}, surface_tolerance_mm=2.0
        ),
        readings=(SimpleNamespace(region="nodule"),),
        validation=SimpleNamespace(seeds=(1, 2)),
    )


@pytest.fixture(scope="module")
def jobs(labels, tmp_path_factory):
    """Two arms, two seeds, two folds; the second seed of the strong arm finds nothing."""
    made = []
    folds = (Fold(0, (PATIENTS[2],), (), PATIENTS[:2]), Fold(1, PATIENTS[:2], (), (PATIENTS[2],)))
    for arm in (WEAK, STRONG):
        for seed in (1, 2):
            for fold in folds:
                folder = tmp_path_factory.mktemp("job")
                (folder / "predictions").mkdir()
                seen = {"tp": 3, "fp": 1, "fn": 0, "tn": 12} if patients_validate(fold) else None
                history = [
                    {"epoch": e, "train_loss": 1.0 - e / 10, "validation_loss": None, "validation": seen, "cpu_s": 2.0}
                    for e in range(2)
                ]
                (folder / "history.json").write_text(json.dumps(history))
                spent = {"parameters": 7 + len(arm.name), "multiply_adds": 10**12, "activation_bytes": 4}
                (folder / "spent.json").write_text(json.dumps({**spent, "seconds_per_slice": 0.1}))
                for patient in fold.test:
                    scan, reference = labels[patient]
                    mask = np.zeros((*reference.shape, 1), np.float16)
                    n = quality(arm, patient) if seed == 1 else 0
                    mask[:n, ..., 0] = 0.9 * reference[:n]
                    scores = np.full(6, 0.7, np.float32)
                    arrays = {"mask": mask} | ({"slice": scores} if arm is STRONG else {})
                    np.savez(folder / "predictions" / f"{scan}.npz", **arrays)
                made.append(Job(arm, seed, fold, folder))
    return made


@pytest.fixture(scope="module")
def found(jobs, experiment, prepared):
    return evaluate(jobs, experiment, prepared)


def test_a_row_for_every_arm_seed_patient_and_level(found):
    assert len(found.cases) == 2 * 2 * 3 * 4
    assert not found.cases.duplicated(["model", "seed", "patient", "level"]).any()
    assert set(found.cases["region"]) == {"nodule"}
    fold = found.cases.groupby("patient")["fold"].unique()
    assert {patient: list(folds) for patient, folds in fold.items()} == dict(
        zip(PATIENTS, ([0], [0], [1]), strict=True)
    )


def test_dice_is_that_of_the_masks(found, labels):
    rows = found.cases[(found.cases["level"] == "pixel") & (found.cases["seed"] == 1)]
    for row in rows.itertuples():
        _, reference = labels[row.patient]
        n = quality({"weak": WEAK, "strong": STRONG}[row.model], row.patient)
        assert row.tp == reference[:n].sum()
        assert row.fn == reference[n:].sum()
        assert row.fp == 0
        assert row.dice == pytest.approx(2 * row.tp / (2 * row.tp + row.fn))


def test_slices_go_by_the_head_where_there_is_one(found, labels):
    rows = found.slices.set_index(["model", "seed", "patient"])
    for patient in PATIENTS:
        reference = "".join("1" if flag else "0" for flag in labels[patient][1].any(axis=(1, 2)))
        strong, weak = rows.loc[("strong", 1, patient)], rows.loc[("weak", 1, patient)]
        assert strong["reference"] == weak["reference"] == reference
        assert strong["prediction"] == "111111"  # the head says 0.7 everywhere, whatever the mask
        assert weak["prediction"] == "000000"


def test_histories_carry_who_trained(found):
    columns = ["model", "seed", "fold", "epoch", "train_loss", "validation_loss", "validation_dice", "validation_miou"]
    assert list(found.history.columns) == columns
    # fold 0 validated nobody; fold 1 with 3 hits, 1 false, 12 rightly left: 6 / 7, and the mean of 3 / 4 and 12 / 13
    assert found.history.loc[found.history["fold"] == 0, "validation_dice"].isna().all()
    measured = found.history.loc[found.history["fold"] == 1, ["validation_dice", "validation_miou"]]
    assert measured.to_numpy() == pytest.approx(np.tile([6 / 7, (3 / 4 + 12 / 13) / 2], (8, 1)))
    assert len(found.history) == 8 * 2
    keys = ["model", "seed", "fold", "epoch"]
    assert found.history[keys].equals(found.history[keys].sort_values(keys, ignore_index=True))


def test_an_arm_costs_what_its_model_does(found):
    assert found.costs.to_dict("records") == [
        {"model": "strong", "parameters": 13, "multiply_adds": 10**12, "activation_bytes": 4},
        {"model": "weak", "parameters": 11, "multiply_adds": 10**12, "activation_bytes": 4},
    ]


def test_overlays_go_from_the_worst_to_the_best_of_the_last_arm(found, labels):
    assert [overlay.patient for overlay in found.overlays] == [PATIENTS[2], PATIENTS[1], PATIENTS[0]]
    assert ["1.000" in overlay.note for overlay in found.overlays] == [False, False, True]
    for overlay in found.overlays:
        _, reference = labels[overlay.patient]
        areas = reference.sum(axis=(1, 2))
        assert overlay.slice == areas.argmax()
        assert np.array_equal(overlay.reference, reference[overlay.slice])
        assert not overlay.predictions[0].any()
        expected = reference[overlay.slice] if overlay.slice < quality(STRONG, overlay.patient) else 0
        assert np.array_equal(overlay.predictions[1], np.broadcast_to(expected, overlay.reference.shape))
        assert overlay.image.dtype == np.uint8


def test_fewer_overlays_keep_both_ends(jobs, experiment, prepared, monkeypatch):
    monkeypatch.setattr(evaluation, "N_OVERLAYS", 2)
    shown = evaluate(jobs, experiment, prepared).overlays
    assert [overlay.patient for overlay in shown] == [PATIENTS[2], PATIENTS[0]]


def test_a_crop_stays_in_the_slice_around_the_lesion(monkeypatch):
    monkeypatch.setattr(evaluation, "_CROP_PIXELS", 4)
    for corner, expected in [((0, 0), (0, 0)), ((9, 9), (6, 6)), ((5, 2), (3, 0))]:
        mask = np.zeros((10, 10), bool)
        mask[corner] = True
        assert tuple(part.start for part in evaluation._crop(mask)) == expected
        assert mask[evaluation._crop(mask)].shape == (4, 4)
    assert tuple(part.start for part in evaluation._crop(np.zeros((10, 10), bool))) == (3, 3)


def test_a_slice_smaller_than_the_crop_is_shown_whole(found):
    assert {overlay.image.shape for overlay in found.overlays} == {(64, 64)}


def test_a_prediction_that_is_missing_is_an_error(jobs, experiment, prepared, labels):
    path = jobs[0].folder / "predictions" / f"{labels[PATIENTS[0]][0]}.npz"
    hidden = path.rename(path.with_suffix(".hidden"))
    try:
        with pytest.raises(FileNotFoundError):
            evaluate(jobs, experiment, prepared)
    finally:
        hidden.rename(path)
