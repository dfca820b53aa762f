import copy
from pathlib import Path

import pytest

from reproduce.errors import ResultsError
from reproduce.papers.xue2025.process_chart import draw_process, planned
from reproduce.results.folders import RunFolder

SPACE = "\N{NO-BREAK SPACE}"


def call(name, **arguments):
    return {"function": name, "arguments": arguments}


def arm(name, loss, flip):
    because = {"name": "000 Table 1", "build": "silent: B", "losses": f"silent: {loss}", "augmentation": "000 3.2"}
    augmentation = {"flip": True, "because": {"flip": "silent: F"}} if flip else None
    losses = {"mask": {"function": loss, "arguments": {}}}
    return {
        "name": name,
        "build": call(name, width=8),
        "losses": losses,
        "augmentation": augmentation,
        "because": because,
    }


PROTOCOL = {
    "table": "table1_lidc",
    "phantom": {"function": "write_lidc_cohort", "arguments": {"n_patients": 16}},
    "preparation": {"size": 96, "because": {"size": "000 6.2"}},
    "arms": [arm("plain", "CrossEntropy", flip=False), arm("better", "Dice", flip=True)],
    "optimisation": {
        "batch_size": 4,
        "max_epochs": 12,
        "because": {"batch_size": "000 6.2", "max_epochs": "silent: M"},
    },
    "validation": {"n_folds": 5, "because": {"n_folds": "000 6.2"}},
    "decision": {"threshold": 0.5, "because": {"threshold": "silent: T"}},
    "readings": [
        {
            "metric": "dice",
            "level": "pixel",
            "average": "per_case",
            "tolerance": 0.02,
            "because": {"level": "silent: L"},
        }
    ],
}
CHANGED = (
    {"field": "preparation.size", "paper": 512, "here": 96},
    {"field": "arms.plain.build.arguments.width", "paper": 64, "here": 8},
    {"field": "optimisation.batch_size", "paper": 32, "here": 4},
)


def table(data="LIDC-IDRI", *, changed=CHANGED, source="phantom", profile="cpu", **parts):
    protocol = copy.deepcopy(PROTOCOL) | parts
    path = Path("results") / protocol["table"] / f"{source}-{profile}"
    return planned(
        data, RunFolder(path, "segmentation", "000", source, profile, tuple(changed), {"protocol": protocol})
    )


def draw(*tables, arm="plain", beside=None, absent=()):
    return draw_process(tables, arm=arm, beside=beside, title="T", absent=absent)


def lines(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_values_are_the_document_s_and_the_run_s_stand_in_brackets():
    written = lines(draw(table()))
    assert f"size: 512 [cpu:{SPACE}96]" in written
    assert f"plain(width 64 [cpu:{SPACE}8])" in written
    assert f"batch size: 32 [cpu:{SPACE}4]" in written
    assert {"max epochs: 12", "n folds: 5", "threshold: 0.5", "mask: CrossEntropy", "none"} <= set(written)
    assert "dice: pixel, per case, tolerance: 0.02" in written
    assert {"batch size: 000 6.2", "max epochs: silent: M", "build: silent: B", "level: silent: L"} <= set(written)


@pytest.mark.parametrize(("path", "old", "new"), [("threshold", 0.5, 0.25), ("n_folds", 5, 7), ("max_epochs", 12, 99)])
def test_another_value_of_the_protocol_is_another_text(path, old, new):
    section = {"threshold": "decision", "n_folds": "validation", "max_epochs": "optimisation"}[path]
    drawn = " ".join(lines(draw(table(**{section: PROTOCOL[section] | {path: new}}))))
    assert f": {new}" in drawn
    assert f"{path.replace('_', ' ')}: {old}" not in drawn


def test_footer_shouts_at_a_phantom_and_is_silent_on_a_comparable_run():
    phantom = " ".join(lines(draw(table())))
    assert "Run for LIDC-IDRI: PHANTOM, written by write_lidc_cohort(n patients 16), cpu profile" in phantom
    real = " ".join(lines(draw(table(changed=(), source="lidc_idri", profile="paper"))))
    assert "Run for" not in real
    assert "PHANTOM" not in real
    assert "[paper" not in real


def widths(figure):
    """Width of the edge of each box, by its title; boxes come in the order of their titles."""
    boxes = [patch for patch in figure.axes[0].patches if hasattr(patch, "get_boxstyle")]
    titles = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"][1:]
    return dict(zip(titles, (box.get_linewidth() for box in boxes), strict=True))


def test_steps_that_differ_from_the_other_arm_stand_out():
    marked = widths(draw(table(), arm="better", beside="plain"))
    assert {title for title, width in marked.items() if width > 1} == {"Augmentation", "Model", "Losses"}
    same = {"arms": [arm("plain", "Dice", flip=True), arm("better", "Dice", flip=True)]}
    marked = widths(draw(table(changed=(), **same), arm="better", beside="plain"))
    assert {title for title, width in marked.items() if width > 1} == {"Model"}
    assert all(width < 1 for width in widths(draw(table())).values())


def test_two_data_sets_stand_side_by_side_and_share_what_is_the_same():
    other = {"table": "table2_brats", "decision": PROTOCOL["decision"] | {"threshold": 0.4}}
    other["readings"] = [PROTOCOL["readings"][0] | {"region": "WT"}]
    written = lines(draw(table(), table("BraTS", changed=(), **other)))
    assert written.index("LIDC-IDRI") < written.index("BraTS")
    assert {f"size: 512 [cpu:{SPACE}96]", "size: 96", "n folds: 5"} <= set(written)
    assert "dice: LIDC-IDRI none / BraTS WT, pixel, per case, tolerance: 0.02" in written
    assert "threshold: LIDC-IDRI 0.5 / BraTS 0.4" in written
    assert f"batch size: LIDC-IDRI 32 [cpu:{SPACE}4] / BraTS 4" in written


def test_data_set_without_a_run_says_so():
    written = lines(draw(table(), absent=["BraTS"]))
    assert written[written.index("BraTS") + 1] == "not run"


def test_unknown_arm_is_an_error_with_those_that_there_are():
    with pytest.raises(ResultsError, match="an arm best, got plain, better"):
        draw(table(), arm="best")


def test_file_without_a_protocol_is_an_error():
    run = RunFolder(Path("results/table1_lidc/x-cpu"), "segmentation", "000", "x", "cpu", (), {})
    with pytest.raises(ResultsError, match="a protocol"):
        planned("LIDC-IDRI", run)
