import math
from dataclasses import replace

import pytest

from reproduce.audit.audit import audit, bound
from reproduce.audit.printed import Cell
from reproduce.errors import ProtocolError
from reproduce.papers.cells import table_cells, text_cells
from reproduce.results.summary import Summary
from reproduce.results.verdict import judge, others


def cell(value="90.0", metric="dice", unit="%", model="m"):
    return Cell("d", "Table 1", model, "s", metric, unit, value)


def summary(value, metric="dice", model="m", level="pixel", average="per_case", region="nodule"):
    return Summary(model, region, metric, level, average, 8, value, value - 0.01, value + 0.01, math.nan)


@pytest.fixture
def readings(experiment):
    return experiment.readings


def judged(cells, summaries, readings, *, comparable=True, tolerance=2.0):
    readings = [replace(reading, tolerance=tolerance) for reading in readings]
    return judge(cells, (), summaries, readings, comparable=comparable)


@pytest.mark.parametrize(
    ("value", "word"), [(0.915, "within"), (0.925, "outside"), (0.875, "outside"), (0.885, "within")]
)
def test_word_from_delta_in_the_unit_of_the_cell(readings, value, word):
    (verdict,) = judged([cell()], [summary(value)], readings)
    assert verdict.word == word
    assert verdict.ours == pytest.approx(100 * value)
    assert verdict.delta == pytest.approx(100 * value - 90)


def test_ratio_stays_a_ratio(readings):
    (verdict,) = judged([cell("0.894", unit="ratio")], [summary(0.88)], readings, tolerance=0.02)
    assert verdict.word == "within"
    assert verdict.delta == pytest.approx(-0.014)


def test_phantom_is_never_compared_however_near(readings):
    (verdict,) = judged([cell()], [summary(0.9)], readings, comparable=False)
    assert verdict.word == "not comparable"


def test_cell_without_a_number_is_not_published_with_or_without_a_phantom(readings):
    for comparable in (True, False):
        (verdict,) = judged([cell("")], [summary(0.9)], readings, comparable=comparable)
        assert verdict.word == "not published"
        assert math.isnan(verdict.delta)


def test_only_the_summary_of_the_reading_counts(readings):
    elsewhere = [summary(0.9, level="slice"), summary(0.9, average="pooled"), summary(0.9, region="other")]
    (verdict,) = judged([cell()], [*elsewhere, summary(0.9, model="another")], readings)
    assert verdict.word == "not comparable"
    assert math.isnan(verdict.ours)
    assert verdict.summary.n == 0


def test_both_columns_of_table_1_are_unreachable_together_but_dice_is_not(readings):
    cells = table_cells("table1_lidc")
    exact = [
        summary(float(c.value) / (100 if c.unit == "%" else 1), c.metric, c.model, r.level, r.average)
        for c in cells
        for r in readings
        if r.metric == c.metric
    ]
    verdicts = judge(cells, (), exact, readings, comparable=True)
    assert {v.word for v in verdicts if v.cell.metric != "dice"} == {"unreachable"}
    assert [v.word for v in verdicts if v.cell.metric == "dice"] == ["within", "within"]
    assert all("prevalence of the two columns disjoint" in v.audit for v in verdicts if v.cell.metric == "accuracy")


def test_metric_without_a_reading_is_an_error(readings):
    with pytest.raises(ProtocolError, match="got none of auc"):
        judged([cell("0.9", "auc", "ratio")], [], readings)


def test_no_cells_no_verdicts(readings):
    assert judged([], [summary(0.9)], readings) == []


def test_the_first_reading_of_a_cell_is_judged_and_the_others_stand_beside_it(readings):
    (dice,) = [reading for reading in readings if reading.cell == "dice"]
    organs = replace(dice, region="organs", metric="iou")
    both = (*readings, organs)
    (verdict,) = judge([cell()], (), [summary(0.9), summary(0.1, "iou", region="organs")], both, comparable=True)
    assert verdict.ours == pytest.approx(90)
    assert others(both) == (organs,)
    assert others(readings) == ()


def test_a_lost_cell_is_bounded_by_the_text(readings):
    texts = [replace(cell(model="n"), value=">", against="m"), replace(cell(model="m"), value=">", against="o")]
    cells = [cell(""), cell("80.7", model="n"), cell("70.1", model="o")]
    lost, *_ = judge(cells, texts, [summary(0.9)], readings, comparable=False)
    assert (lost.word, lost.bound) == ("not published", "bounded on both sides")
    above, *_ = judge(cells, texts[:1], [summary(0.9)], readings, comparable=False)
    assert above.bound == "bounded above"
    assert "below n (80.7 %" in above.audit
    assert [v.bound for v in judge(cells, [], [summary(0.9)], readings, comparable=False)] == ["", "", ""]


def test_segnet_is_bounded_above_by_deeplabv3():
    cells = table_cells("table1_thoracic")
    findings = audit((*cells, *text_cells("table1_thoracic")))
    assert {c.model: bound(c, findings) for c in cells if not c.published} == {"SegNet": "bounded above"}
