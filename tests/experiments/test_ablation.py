"""The script of the ablation: its arms differ by what they are named after and by nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reproduce.models.classification import pretrained_encoders
from reproduce.papers.xue2025 import ablation_arms
from reproduce.protocol.text import changes, decisions, plain, protocol_id
from reproduce.run import PROFILES

PROJECT = Path(__file__).parents[2]
SHAPE = {"width": 8, "depth": 3, "grey": (0.0, 1.0)}


@pytest.fixture(scope="module")
def modules(load_script):
    return load_script("ablation"), ablation_arms


@pytest.fixture(scope="module")
def arms(modules):
    return {arm.name: arm for arm in modules[1].arms(**SHAPE, weights={})}


@pytest.fixture(scope="module", params=["lidc", "brats"])
def profiles(request, modules):
    script, _ = modules
    module = {"lidc": script.lidc_table, "brats": script.brats_table}[request.param]
    return module, script.profiles(module.PROFILES, f"ablation_{request.param}", {})


def switched(arm):
    """What of an arm is on: structure, losses of the mask, augmentation."""
    structure = {name for name in ("residual", "dense", "skips") if arm.build.arguments[name]}
    loss = arm.losses["mask"]()
    losses = [loss] if not hasattr(loss, "losses") else loss.losses
    return structure, {each.name for each in losses}, arm.augmentation is not None


BCE, DICE, FOCAL = "binary_cross_entropy", "squared_dice", "focal"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("base", (set(), {BCE}, False)),
        ("residual", ({"residual"}, {BCE}, False)),
        ("dense", ({"dense"}, {BCE}, False)),
        ("residual_dense", ({"residual", "dense"}, {BCE}, False)),
        ("skips", ({"skips"}, {BCE}, False)),
        ("dice", (set(), {DICE}, False)),
        ("focal", (set(), {FOCAL}, False)),
        ("dice_focal", (set(), {DICE, FOCAL}, False)),
        ("augmentation", (set(), {BCE}, True)),
        ("without_structure", ({"skips"}, {DICE, FOCAL}, True)),
        ("without_skips", ({"residual", "dense"}, {DICE, FOCAL}, True)),
        ("without_loss", ({"residual", "dense", "skips"}, {BCE}, True)),
        ("without_augmentation", ({"residual", "dense", "skips"}, {DICE, FOCAL}, False)),
        ("together", ({"residual", "dense", "skips"}, {DICE, FOCAL}, True)),
    ],
)
def test_an_arm_is_what_it_is_named_after(arms, name, expected):
    assert switched(arms[name]) == expected
    assert set(arms[name].losses) == {"mask"}
    assert {key: arms[name].build.arguments[key] for key in ("width", "depth", "bn_momentum")} == {
        "width": 8,
        "depth": 3,
        "bn_momentum": 0.9,
    }


def test_there_are_no_other_arms_and_together_is_the_last(arms):
    assert len(arms) == 14
    assert next(iter(arms)) == "base"
    assert list(arms)[-1] == "together"


def test_each_arm_is_set_against_the_base_and_all_together_against_all_but_one(modules, arms):
    found = modules[1].statements(tuple(arms.values()))
    assert [(s.better, s.worse) for s in found] == [
        *[(name, "base") for name in arms if name != "base"],
        *[("together", f"without_{part}") for part in ("structure", "skips", "loss", "augmentation")],
    ]
    assert {s.metric for s in found} == {"dice"}
    places = {s.better: s.place for s in found if s.worse == "base"}
    assert (places["dice"], places["augmentation"]) == ("000 7.3", "000 3.2")
    assert places["skips"].startswith("ours: ")


def test_profiles_bear_their_names_and_print_no_cell(profiles):
    _, found = profiles
    assert tuple(found) == PROFILES
    for name, experiment in found.items():
        assert (experiment.profile, experiment.printed) == (name, False)
        assert experiment.table.startswith("ablation_")
        assert {s.metric for s in experiment.statements} <= {reading.cell for reading in experiment.readings}
    assert len({protocol_id(experiment) for experiment in found.values()}) == 3


def test_a_profile_is_that_of_the_table_but_for_arms_and_seeds(profiles):
    module, found = profiles
    for own, table in ((found["paper"], module.PAPER), (found["cpu"], module.CPU), (found["smoke"], module.SMOKE)):
        # one cache of prepared and resized examples serves both
        assert plain(own.preparation) == plain(table.preparation)
        assert plain(own.phantom) == plain(table.phantom)
        different = [each.field for each in changes(table, own)]
        assert [field for field in different if not field.startswith(("arms.", "statements."))] == [
            *["printed", "table", "title"],
            *(["validation.seeds"] if own.profile == "cpu" else []),
        ]


def test_the_smoke_profile_runs_few_arms_and_compares_what_it_runs(profiles):
    smoke = profiles[1]["smoke"]
    names = {arm.name for arm in smoke.arms}
    assert {"base", "together"} < names
    assert len(names) == 3
    assert {name for s in smoke.statements for name in (s.better, s.worse)} <= names


def test_every_choice_of_an_arm_says_where_it_comes_from(profiles):
    places = {field: place for field, _, place in decisions(profiles[1]["paper"])}
    assert places["arms.together.losses"].startswith("silent: ")
    assert places["arms.together.augmentation"].startswith("000 3.2")


def test_an_encoder_is_named_with_the_digest_of_its_weights(modules):
    _, own = modules
    (arm,) = [a for a in own.arms(**SHAPE, weights={"transfer_vgg16": "ab" * 32}) if a.name.startswith("transfer_")]
    assert arm.build.arguments["encoder"] is pretrained_encoders.VGG16
    assert arm.build.arguments["sha256"] == "ab" * 32
    assert plain(arm)["build"]["arguments"]["encoder"]["application"] == "VGG16"
    assert arm.losses["mask"]().name == BCE
    (said,) = [s for s in own.statements((*own.arms(**SHAPE, weights={}), arm)) if s.better == "transfer_vgg16"]
    assert (said.worse, said.place) == ("base", "000 5")


def test_weights_at_hand_are_those_whose_file_is_there(modules, tmp_path, monkeypatch):
    monkeypatch.setenv(pretrained_encoders.WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    assert modules[1].weights_at_hand() == {}
    (tmp_path / pretrained_encoders.DENSENET121.weights).write_bytes(b"")
    # SHA-256 of nothing
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert modules[1].weights_at_hand() == {"transfer_densenet121": empty}


def test_grey_of_a_window_is_0_to_1_and_that_of_z_scores_their_own(modules):
    script, _ = modules
    for module, expected in ((script.lidc_table, (0.0, 1.0)), (script.brats_table, (-2.0, 4.0))):
        paper = script.profiles(module.PROFILES, "ablation_x", {"transfer_vgg16": "0" * 64})["paper"]
        (arm,) = [arm for arm in paper.arms if arm.name == "transfer_vgg16"]
        assert arm.build.arguments["grey"] == expected


def start(cache, *arguments):
    command = [sys.executable, str(PROJECT / "experiments" / "ablation.py"), *arguments]
    environment = {**os.environ, "REPRODUCE_CACHE": str(cache), "KERAS_HOME": str(cache / "keras")}
    environment.pop("REPRODUCE_WEIGHTS", None)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_folder_of_weights_that_is_not_there_is_one_text(tmp_path):
    done = start(tmp_path, "--profile", "smoke", "--weights", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "DataNotFoundError: expected a folder with files of weights, got nothing there" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_wrong_path_of_the_second_data_set_is_told_before_the_first_is_run(tmp_path):
    done = start(tmp_path, "--profile", "smoke", "--brats", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "DataNotFoundError: expected a folder with the data set in its own layout, got nothing there" in done.stderr
    assert not (tmp_path / "phantoms").exists()


@pytest.mark.smoke
def test_the_whole_ablation_runs_and_gives_the_same_bytes_twice(smoke_run):
    finished = smoke_run("ablation")
    first = finished.contents()
    for table in ("ablation_lidc", "ablation_brats"):
        effects = first[f"smoke/results/{table}/phantom-smoke/effects.csv"].decode().splitlines()
        assert len(effects) == 1 + 3 + 4  # header, two arms over the base and one left out, four encoders
        assert sum(",not run: weights absent," in line for line in effects) == 4
        assert f"smoke/figures/{table}/phantom-smoke/curves.png" in first
    assert {"smoke/figures/ablation/effects.png", "smoke/figures/ablation/effects.svg"} <= set(first)
    assert smoke_run("ablation", again=True).contents() == first
