import math

import pytest

from reproduce.errors import ResultsError
from reproduce.results.diff import diff_run, exit_code, means_text
from reproduce.results.folders import find_runs, read_run

WITHIN = ("m", "dice", "%", "90.0", "91.0", "within")
OUTSIDE = ("m", "accuracy", "%", "90.0", "93.0", "outside")
LOST = ("m", "iou", "%", "90.0", "90.0", "unreachable")
EMPTY = ("m", "miou", "%", "", "50.0", "not published")
UNDEFINED = ("m", "auc", "%", "90.0", "", "not comparable")


def diffs(results, *names):
    return [diff_run(run) for run in find_runs(results, names)]


def test_cells_of_a_whole_run(results):
    real, phantom = diffs(results)
    assert real.summary == "6 unreachable, 2 outside"
    assert phantom.summary == "not comparable: phantom, cpu profile"
    accuracy = real.cells[0]
    assert (accuracy.model, accuracy.metric, accuracy.printed) == ("unoptimised_cnn", "accuracy", "89.6")
    assert accuracy.ours == 70
    assert accuracy.delta == pytest.approx(-19.6)
    assert accuracy.low <= accuracy.ours <= accuracy.high
    assert "prevalence of the two columns disjoint" in accuracy.audit
    dice = real.cells[3]
    assert dice.verdict == "outside"
    # The mean over k of 2 (60 + k) / (180 + k) is 0.699, and 0.812 is printed.
    assert dice.reason == "-0.113 against a tolerance of 0.020"
    assert {cell.reason for cell in phantom.cells} == {"phantom, cpu profile"}


def test_statements_of_a_whole_run(results):
    (_, phantom) = diffs(results)
    accuracy, dice = phantom.statements
    assert accuracy.text == "optimised_cnn better than unoptimised_cnn in accuracy"
    assert accuracy.p_value == pytest.approx(2 / 256, abs=1e-6)
    assert accuracy.p_holm == pytest.approx(4 / 256, abs=1e-6)
    assert means_text(accuracy) == "0.800 against 0.700"
    assert dice.verdict == "supported"
    assert math.isnan(dice.p_mcnemar_slices)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([WITHIN], 0),
        ([WITHIN, EMPTY], 0),
        ([WITHIN, OUTSIDE], 1),
        ([WITHIN, LOST], 1),
        ([OUTSIDE, UNDEFINED], 1),
        ([WITHIN, UNDEFINED], 2),
        ([EMPTY], 2),
    ],
)
def test_exit_code(by_hand, cells, code):
    assert exit_code(diffs(by_hand(cells))) == code


def test_phantom_and_reduced_profile_could_not_be_compared(by_hand):
    nearby = (*WITHIN[:5], "not comparable")
    assert exit_code(diffs(by_hand([nearby], source="phantom", profile="cpu", changed=[("size", 512, 96)]))) == 2
    assert exit_code(diffs(by_hand([nearby], table="t2", profile="cpu", changed=[("size", 512, 96)]), "t2")) == 2


def test_phantom_beside_a_real_run_of_the_same_table_changes_nothing(by_hand):
    by_hand([(*WITHIN[:5], "not comparable")], source="phantom", profile="cpu", changed=[("x", 1, 2)])
    assert exit_code(diffs(by_hand([WITHIN]))) == 0


def test_one_table_that_could_not_be_compared_shows_and_one_outside_weighs_more(by_hand):
    by_hand([(*WITHIN[:5], "not comparable")], table="a", source="phantom")
    results = by_hand([WITHIN], table="b")
    assert exit_code(diffs(results)) == 2
    by_hand([OUTSIDE], table="c")
    assert exit_code(diffs(results)) == 1


@pytest.mark.parametrize(("word", "code"), [("supported", 0), ("undecided", 0), ("contradicted", 1)])
def test_statements_count_where_they_can_be_compared(by_hand, word, code):
    assert exit_code(diffs(by_hand([WITHIN], statements=[word]))) == code
    by_hand([(*WITHIN[:5], "not comparable")], table="p", source="phantom", statements=[word])
    assert exit_code(diffs(by_hand([WITHIN], table="q"), "p")) == 2


def test_nothing_compared_is_no_success():
    assert exit_code([]) == 2


def test_tolerance_is_met_at_its_edge(by_hand):
    (diff,) = diffs(by_hand([("m", "dice", "%", "90.0", "92.0", "within")]))
    assert diff.cells[0].reason == "+2.0 against a tolerance of 2.0 points"


def test_tolerance_of_the_census_is_a_share_of_the_print(by_hand):
    import json

    results = by_hand([("readers", "lesions", "count", "200", "203", "within")])
    path = results / "table9" / "real-paper" / "protocol.json"
    whole = json.loads(path.read_text()) | {"printed": [{"metric": "lesions", "tolerance": 0.02}]}
    path.write_text(json.dumps(whole | {"protocol": {}}))
    (diff,) = diffs(results)
    assert diff.cells[0].reason == "+3 against a tolerance of 4"
    assert diff.statements == ()


def test_cell_that_no_run_has(by_hand):
    results = by_hand([WITHIN, UNDEFINED, EMPTY])
    path = results / "table9" / "real-paper" / "table.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:2]) + "\n")
    reproduced = path.with_name("reproduced.csv")
    reproduced.write_text(reproduced.read_text().replace("m,miou,%,50.0", "m,miou,%,"))
    (diff,) = diffs(results)
    assert [cell.verdict for cell in diff.cells] == ["within", "not comparable", "not published"]
    assert [cell.reason for cell in diff.cells[1:]] == ["no run has this cell", "the document prints no number here"]


FORGED = {
    "word of a phantom": ("table.csv", "not comparable", "within", "expected the verdict 'not comparable'"),
    "delta": ("table.csv", ",1.0,within", ",9.0,within", "expected the verdict 'outside' for m dice, got 'within'"),
    "printed number": ("table.csv", ",90.0,", ",91.0,", "expected 90.0 as printed for m dice, got 91.0"),
    "our number": ("reproduced.csv", "91.0", "90.0", "expected 91.0 for m dice, as in table.csv, got 90.0"),
    "another cell": ("reproduced.csv", "m,dice", "m,iou", "expected the cells of published.csv in their order"),
    "verdict removed": ("table.csv", ",within", ",", "expected a verdict for m dice, got none"),
    "unknown word": ("table.csv", "within", "perfect", "got 'perfect'"),
    "no number": ("table.csv", "91.0", "high", "expected a number or nothing, got 'high'"),
    "statement": ("statements.csv", "supported", "proven", "got 'proven'"),
    "column": ("table.csv", "ci_low", "low", "got no ci_low"),
}


@pytest.mark.parametrize("case", FORGED)
def test_files_that_were_changed_by_hand(by_hand, case):
    file, old, new, message = FORGED[case]
    phantom = case == "word of a phantom"
    cell = (*WITHIN[:5], "not comparable") if phantom else WITHIN
    results = by_hand([cell], source="phantom" if phantom else "real", statements=["supported"])
    path = next(results.glob(f"*/*/{file}"))
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ResultsError) as caught:
        diffs(results)
    assert message in str(caught.value)


def test_two_verdicts_for_one_cell(by_hand):
    results = by_hand([WITHIN])
    path = next(results.glob("*/*/table.csv"))
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    with pytest.raises(ResultsError, match="expected one verdict a cell, got two for m dice"):
        diffs(results)


@pytest.mark.parametrize("missing", ["reproduced.csv", "table.csv", "statements.csv", "../published.csv"])
def test_missing_file(results, missing):
    folder = results / "table1_lidc" / "phantom-cpu"
    (folder / missing).unlink()
    with pytest.raises(ResultsError, match="got nothing there"):
        diff_run(read_run(folder))
