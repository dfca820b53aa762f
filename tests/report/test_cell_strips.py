import math
from dataclasses import replace

import pytest

from reproduce.report.cell_strips import WIDTH, axis_text, strips
from reproduce.results.diff import CellLine

NAN = math.nan
CELL = CellLine("m", "dice", "%", "pixel", "pooled", 9, "90.0", 80.0, 70.0, 85.0, -10.0, 2.0, "outside", "", "")


def shapes(cell, *others):
    return {shape.css: shape for shape in strips([cell, *others])[0].shapes}


def test_everything_is_where_its_number_is():
    found = shapes(CELL)
    # The axis goes from 70 to 92, 8 % of 22 wider at each end: 68.24 to 93.76, on 4 to WIDTH - 4.
    per_point = (WIDTH - 8) / 25.52
    assert found["ours"].x == pytest.approx(4 + (80 - 68.24) * per_point, abs=0.01)
    assert found["interval"].x1 == pytest.approx(4 + (70 - 68.24) * per_point, abs=0.01)
    assert found["interval"].x2 == pytest.approx(4 + (85 - 68.24) * per_point, abs=0.01)
    band = found["tolerance"]
    assert band.x == pytest.approx(4 + (88 - 68.24) * per_point, abs=0.01)
    assert band.width == pytest.approx(4 * per_point, abs=0.02)
    middle = found["printed"].x + found["printed"].width / 2
    assert middle == pytest.approx(4 + (90 - 68.24) * per_point, abs=0.02)
    assert found["printed"].width == 2


def test_what_is_not_comparable_is_hollow():
    assert "ours unlike" in shapes(replace(CELL, verdict="not comparable"))


def test_cell_without_a_print_or_without_ours():
    assert not {"printed", "tolerance"} & set(shapes(replace(CELL, printed="", tolerance=NAN)))
    assert not {"ours", "interval"} & set(shapes(replace(CELL, ours=NAN, low=NAN, high=NAN)))


def test_value_without_an_interval_is_a_point():
    line = shapes(replace(CELL, low=NAN, high=NAN))["interval"]
    assert line.x1 == line.x2


def test_cells_of_one_unit_share_an_axis_and_counts_do_not():
    wide = replace(CELL, ours=20.0, low=10.0, high=30.0)
    assert shapes(CELL, wide)["ours"].x > shapes(CELL)["ours"].x
    count = replace(CELL, unit="count", printed="90", tolerance=2.0)
    assert shapes(count, replace(count, ours=7000.0))["ours"].x == shapes(count)["ours"].x


def test_axis_stays_within_what_a_unit_can_be():
    assert axis_text([replace(CELL, low=0.0, high=100.0)], "%") == "0.0 to 100.0 %"
    assert axis_text([CELL], "count") == ""
    assert axis_text([], "%") == ""


def test_title_says_it_in_words():
    (drawing,) = strips([CELL])
    assert drawing.title == "m, dice: printed 90.0, ours 80.0, 95 % interval 70.0 to 85.0"
    (drawing,) = strips([replace(CELL, printed="", low=NAN)])
    assert drawing.title == "m, dice: nothing printed, ours 80.0"


def test_no_cells_no_strips():
    assert strips([]) == []
