"""What an arm adds, worked out on four patients, and how it is written and drawn."""

import json
import math

import pandas as pd
import pytest

from reproduce.errors import ResultsError
from reproduce.figures import ablation
from reproduce.figures.ablation import Effect
from reproduce.papers.xue2025.ablation_figure import TABLES, draw_ablation
from reproduce.results.cases import write_frame
from reproduce.results.folders import find_runs, read_run

DICE = {
    "base": (0.10, 0.20, 0.30, 0.40),
    "dice": (0.30, 0.30, 0.50, 0.40),  # 0.2, 0.1, 0.2, 0.0 more: 0.125 on average
    "without_loss": (0.50, 0.40, 0.20, 0.60),
    "together": (
        0.40,
        0.60,
        0.20,
        None,
    ),  # -0.1, 0.2, 0.0 over without_loss on three patients; 0.3, 0.4, -0.1 over base
}
PAIRS = (("dice", "base", "supported"), ("together", "base", "undecided"), ("together", "without_loss", "contradicted"))
ABSENT = {"transfer_vgg16": "not run: weights absent", "dice": "not run: weights absent"}


def write_run(results, table, *, source="phantom", dice=DICE):
    """A results folder with the files that the effects are made of."""
    folder = results / table / f"{source}-cpu"
    rows = [
        {"model": model, "patient": f"{i:03d}", "region": region, "level": level, "dice": value if right else 0.9}
        for model, values in dice.items()
        for i, value in enumerate(values)
        for region, level in (("nodule", "pixel"), ("nodule", "slice"), ("other", "pixel"))
        for right in [(region, level) == ("nodule", "pixel")]
    ]
    write_frame(pd.DataFrame(rows), folder / "cases.csv")
    tested = [
        {"better": a, "worse": b, "metric": "dice", "p_value": 0.01, "p_holm": 0.03, "verdict": word}
        for a, b, word in PAIRS
    ]
    write_frame(pd.DataFrame(tested), folder / "statements.csv")
    reading = {"cell": "dice", "metric": "dice", "region": "nodule", "level": "pixel", "average": "per_case"}
    plan = {"title": f"The ablation on {table}", "decision": {"means": {}}}
    plan |= {"readings": [reading], "arms": [{"name": name} for name in DICE]}
    about = {"kind": "segmentation", "document": "000", "title": plan["title"], "source": source, "profile": "cpu"}
    whole = {**about, "changed_from_paper": [{"field": "size", "paper": 512, "here": 96}], "protocol": plan}
    (folder / "protocol.json").write_text(json.dumps(whole))
    return read_run(folder)


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "results", "ablation_lidc")


def test_a_difference_is_taken_patient_by_patient(run):
    alone = ablation.effects(run, {})[0]
    assert (alone.arm, alone.against, alone.status, alone.n) == ("dice", "base", "run", 4)
    assert (alone.mean_arm, alone.mean_against) == (pytest.approx(0.375), pytest.approx(0.25))
    assert alone.difference == pytest.approx((0.2 + 0.1 + 0.2 + 0.0) / 4)
    # every resample's mean lies between the smallest and the largest difference
    assert 0.0 <= alone.ci_low < 0.125 < alone.ci_high <= 0.2
    assert (alone.p_value, alone.p_holm, alone.verdict) == (0.01, 0.03, "supported")


def test_a_patient_without_one_of_the_two_is_left_out_of_both(run):
    _, base, left_out = ablation.effects(run, {})
    assert (base.n, left_out.n) == (3, 3)
    assert base.mean_against == pytest.approx((0.1 + 0.2 + 0.3) / 3)
    assert base.difference == pytest.approx((0.3 + 0.4 - 0.1) / 3)
    assert (left_out.arm, left_out.against) == ("together", "without_loss")
    assert left_out.difference == pytest.approx((-0.1 + 0.2 + 0.0) / 3)


def test_an_arm_that_was_not_run_is_a_row_with_its_reason_and_no_number(run):
    found = ablation.effects(run, ABSENT)
    assert len(found) == 4  # "dice" is in the protocol, so it ran
    missing = found[-1]
    assert (missing.arm, missing.against, missing.status, missing.n) == (
        "transfer_vgg16",
        "base",
        "not run: weights absent",
        0,
    )
    assert all(math.isnan(getattr(missing, name)) for name in ("difference", "ci_low", "ci_high", "p_holm"))
    assert missing.verdict == ""


def test_one_patient_has_a_difference_and_no_interval(tmp_path):
    one = write_run(tmp_path / "results", "ablation_lidc", dice={name: values[:1] for name, values in DICE.items()})
    found = ablation.effects(one, {})[0]
    assert (found.n, found.difference) == (1, pytest.approx(0.2))
    assert math.isnan(found.ci_low)
    assert math.isnan(found.ci_high)


def test_no_patient_in_common_leaves_everything_undefined(tmp_path):
    apart = DICE | {"base": (0.1, None, None, None), "dice": (None, 0.1, None, None)}
    found = ablation.effects(write_run(tmp_path / "results", "ablation_lidc", dice=apart), {})[0]
    assert found.n == 0
    assert math.isnan(found.difference)


def test_an_arm_without_cases_is_an_error(tmp_path):
    lacking = {name: values for name, values in DICE.items() if name != "together"}
    broken = write_run(tmp_path / "results", "ablation_lidc", dice=lacking)
    with pytest.raises(ResultsError, match="none of together"):
        ablation.effects(broken, {})


@pytest.mark.parametrize("missing", ["cases.csv", "statements.csv"])
def test_an_absent_file_is_named(run, missing):
    (run.path / missing).unlink()
    with pytest.raises(ResultsError) as caught:
        ablation.effects(run, {})
    assert caught.value.where.endswith(missing)


def test_effects_are_written_and_read_back_the_same_bytes_twice(run):
    paths = ablation.write_effects(run, ABSENT)
    first = [path.read_bytes() for path in paths]
    again = ablation.read_effects(run)
    for read, made in zip(again, ablation.effects(run, ABSENT), strict=True):
        assert (read.arm, read.against, read.status, read.n, read.verdict) == (
            made.arm,
            made.against,
            made.status,
            made.n,
            made.verdict,
        )
        assert read.difference == pytest.approx(made.difference, abs=1e-6, nan_ok=True)
        assert read.ci_low == pytest.approx(made.ci_low, abs=1e-6, nan_ok=True)
    assert [path.read_bytes() for path in ablation.write_effects(run, ABSENT)] == first


def test_the_page_says_the_source_the_numbers_and_what_was_not_run(run):
    page = ablation.effects_page(run, ablation.effects(run, ABSENT))
    assert "PHANTOM, cpu profile" in page
    assert "**Nothing here is evidence for or against the document.**" in page
    assert "| dice | base | 4 | 0.375 against 0.250 | +0.125 |" in page
    assert page.splitlines()[-1] == "| transfer_vgg16 | base | – | – | – | – | – | – | not run: weights absent |"


def test_effects_that_are_no_numbers_are_refused(run):
    path, _ = ablation.write_effects(run, {})
    path.write_text(path.read_text().replace("0.125000", "much"))
    with pytest.raises(ResultsError, match="much"):
        ablation.read_effects(run)


@pytest.fixture
def both(tmp_path):
    """A panel of each data set; BraTS has no arm that is missing."""
    runs = [write_run(tmp_path / "results", table) for table in TABLES]
    ablation.write_effects(runs[0], ABSENT)
    ablation.write_effects(runs[1], {})
    return runs


def test_the_figure_has_a_panel_a_data_set_and_a_point_and_an_interval_a_comparison(both):
    figure = ablation.draw_effects({run: ablation.read_effects(run) for run in both}, title="Both")
    lidc, brats = figure.axes
    assert [axis.get_title() for axis in (lidc, brats)] == [
        "ablation_lidc\nPHANTOM, cpu profile",
        "ablation_brats\nPHANTOM, cpu profile",
    ]
    assert [label.get_text() for label in lidc.get_yticklabels()] == [
        "dice – base",
        "together – base",
        "together – without_loss",
        "transfer_vgg16 – base",
    ]
    points = {line.get_ydata()[0]: line for line in brats.get_lines() if line.get_marker() in {"o", "s"}}
    assert points[0].get_xdata()[0] == pytest.approx(0.125)
    assert [points[y].get_marker() for y in (0, 1, 2)] == ["o", "o", "s"]
    assert points[1].get_markerfacecolor() == "white"  # undecided
    ends = [
        line.get_xdata()
        for line in brats.get_lines()
        if list(line.get_ydata()) == [0, 0] and len(line.get_xdata()) == 2
    ]
    effect = ablation.read_effects(both[1])[0]
    assert [list(each) for each in ends] == [[effect.ci_low, effect.ci_high]]
    assert [text.get_text() for text in lidc.texts] == ["not run: weights absent"]
    assert list(brats.texts) == []


def test_the_figure_is_drawn_twice_with_the_same_bytes(both, tmp_path):
    runs = find_runs(tmp_path / "results", ())
    first = [path.read_bytes() for path in draw_ablation(runs, tmp_path / "figures")]
    assert (tmp_path / "figures" / "ablation" / "effects.svg").is_file()
    assert [path.read_bytes() for path in draw_ablation(runs, tmp_path / "figures")] == first


def test_without_an_ablation_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(ResultsError, match=r"experiments/ablation\.py"):
        draw_ablation([], tmp_path)


def test_a_contradicted_effect_and_an_undefined_interval_can_be_drawn(run):
    effect = Effect("a", "b", "run", 1, 0.1, 0.2, -0.1, math.nan, math.nan, 1.0, 1.0, "contradicted")
    (axis,) = ablation.draw_effects({run: [effect]}, title="One").axes
    assert [line.get_xdata()[0] for line in axis.get_lines() if line.get_marker() == "s" and len(line.get_xdata())] == [
        -0.1
    ]
