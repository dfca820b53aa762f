"""The hippocampus tables: their cases, arms and statements, and a smoke run of each from phantom to export."""

import json

import pandas as pd
import pytest

from reproduce.papers.decathlon import protocol as hippocampus
from reproduce.papers.decathlon import table as hippocampus_decathlon
from reproduce.papers.decathlon.arms import LEAN, UNET3D
from reproduce.protocol import VolumeArm
from reproduce.protocol.text import changes


def test_design_was_chosen_on_32_cases_and_phantoms_have_a_fifth_of_them():
    assert len(hippocampus.DEVELOPMENT) == 32
    sides = [hippocampus.development_side(f"hippocampus_{i:03d}") for i in range(1, 395)]
    assert sides.count("test") == 32
    assert hippocampus.development_side("hippocampus_036") == "test"
    assert hippocampus.development_side("hippocampus_040") == "validation"
    assert hippocampus.development_side("hippocampus_001") == "train"
    assert hippocampus.development_side("case-0be1b06d92ed") == "train"
    phantoms = [hippocampus.development_side(f"hippocampus_PHANTOM{i:04d}") for i in range(1, 41)]
    assert [phantoms.count(side) for side in ("train", "validation", "test")] == [28, 4, 8]


def test_nine_models_are_compared_and_ours_with_each():
    names = [arm.name for arm in hippocampus_decathlon.CPU.arms]
    assert names[-2:] == [UNET3D, LEAN]
    assert len(set(names)) == 9
    assert [isinstance(arm, VolumeArm) for arm in hippocampus_decathlon.CPU.arms] == [False] * 7 + [True] * 2
    assert {s.worse for s in hippocampus_decathlon.CPU.statements} == set(names) - {LEAN}
    assert {s.better for s in hippocampus_decathlon.CPU.statements} == {LEAN}


@pytest.fixture(scope="module")
def hippocampus_ablation(load_script):
    return load_script("hippocampus_ablation")


def test_the_protocol_is_one_on_every_machine(hippocampus_ablation):
    assert changes(hippocampus_decathlon.PAPER, hippocampus_decathlon.CPU) == ()
    assert changes(hippocampus_ablation.PAPER, hippocampus_ablation.CPU) == ()


def test_every_arm_of_the_ablation_differs_from_the_whole_in_what_it_is_called_after(hippocampus_ablation):
    *others, whole = hippocampus_ablation.CPU.arms
    assert whole.name == LEAN
    for arm in others:
        assert arm.optimisation.max_epochs == whole.optimisation.max_epochs
        parts = [p for p in ("build", "losses", "augmentation", "optimisation") if getattr(arm, p) != getattr(whole, p)]
        expected = {"without shortcuts": "build", "without Dice": "losses", "without cross-entropy": "losses"}
        expected |= {"without falling rate": "optimisation"}
        if arm.name != UNET3D:
            assert parts == [expected.get(arm.name, "augmentation")]
    assert {s.worse for s in hippocampus_ablation.CPU.statements} == {arm.name for arm in others}


@pytest.mark.smoke
def test_the_table_runs_on_phantoms(smoke_run):
    finished = smoke_run("hippocampus_decathlon")
    results = finished.folder("hippocampus_decathlon")
    cases = pd.read_csv(results / "cases.csv")
    assert set(cases["region"]) == {"Anterior", "Posterior"}
    assert cases.groupby("model")["patient"].nunique().tolist() == [4] * 4
    assert set(json.loads((results / "provenance.json").read_text())["training_cpu_seconds"]) == set(cases["model"])
    assert (results / "by_choice.csv").is_file()
    drawn = finished.cache / "smoke/figures/hippocampus_decathlon/phantom-smoke"
    for name in ("cpu_minutes", "worst", "overlays", "curves"):
        assert (drawn / f"{name}.png").stat().st_size > 10_000


@pytest.mark.smoke
def test_the_ablation_runs_on_phantoms(smoke_run):
    results = smoke_run("hippocampus_ablation").folder("hippocampus_ablation")
    assert pd.read_csv(results / "cases.csv")["patient"].nunique() == 2  # every fifth of ten
    assert (results / "effects.md").is_file()
