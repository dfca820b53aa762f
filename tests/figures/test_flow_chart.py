from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.textpath import text_to_path

from reproduce.errors import ArgumentError
from reproduce.figures.flow_chart import WIDTH_IN, Box, Loop, draw_flow_chart
from reproduce.figures.style import PNG_DPI, save, styled
from reproduce.papers.xue2025.process_chart import draw_process, planned
from reproduce.results.folders import find_runs

PROJECT = Path(__file__).parents[2]
LONG = "reproduce.models.a_builder_with_a_very_long_name(" + "argument_of_that_builder_" * 6 + ")"


def box(title="Step", *lines, notes=(), marked=False):
    return Box(title, lines, tuple(notes), marked=marked)


def chart(*rows, title="A title", footer=(), loop=None):
    return draw_flow_chart(rows, title=title, footer=footer, loop=loop)


def outlines(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]


def arrows(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def texts(figure):
    return [text for text in figure.axes[0].texts if text.get_text()]


def spills(figure):
    """Texts that leave their box or the page, touch a box that is not theirs, or lie on another text."""
    figure.set_dpi(PNG_DPI)
    with styled():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        boxes = [patch.get_window_extent(renderer) for patch in outlines(figure)]
        extents = {text: text.get_window_extent(renderer) for text in texts(figure)}
    found = []
    for text, extent in extents.items():
        anchor = text.get_transform().transform(text.get_position())
        rest = [each for each in boxes if not each.contains(*anchor)]
        own = next((each for each in boxes if each.contains(*anchor)), figure.bbox)
        # SVG draws the exact outlines of letters, which PNG rounds to pixels.
        exact = text_to_path.get_text_width_height_descent(text.get_text(), text.get_fontproperties(), ismath=False)[0]
        wide = text.get_rotation() == 0 and extent.x0 + exact / 72 * PNG_DPI > own.x1
        inside = own.x0 <= extent.x0 and extent.x1 <= own.x1 and own.y0 <= extent.y0 and extent.y1 <= own.y1
        if wide or not inside or any(extent.overlaps(each) for each in rest):
            found.append(text.get_text())
        found += [text.get_text() for other, area in extents.items() if other is not text and _on(extent, area)]
    return found


def _on(a, b):
    """Whether two lines share ground; the empty space below and above letters may touch by a pixel."""
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1


@pytest.mark.parametrize(
    "rows",
    [
        [[box("One", "short")]],
        [[box("One", LONG), box("Two")], [box("Three", "x " * 200, notes=("y " * 200,))]],
        [[box(LONG, "a line", notes=(LONG,))], [box("Two", *["line"] * 12)]],
        [[box("Four", LONG), box("in", "a b"), box("one", "$x_1$ and 50 %"), box("row")], [box("One")]],
    ],
)
def test_text_stays_in_its_box_and_off_all_else(rows):
    figure = draw_flow_chart(rows, title="t " * 90, footer=(LONG, "f " * 150), loop=None)
    assert spills(figure) == []


words = st.text(st.characters(codec="latin-1", categories=("L", "N", "P")), min_size=1, max_size=80)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(words, max_size=6).map(" ".join), min_size=1, max_size=4), words)
def test_any_text_stays_in_its_box(lines, note):
    assert spills(chart([box("A", *lines, notes=(note,))], [box("B", note), box("C")])) == []


def test_spills_are_seen():
    figure = chart([box("One", "short")])
    text = next(each for each in texts(figure) if each.get_text() == "short")
    text.set_text("long " * 30)
    assert spills(figure) == ["long " * 30]


def test_words_are_neither_lost_nor_changed():
    lines = "the quick brown fox jumps over the lazy dog again and again until the line is full"
    figure = chart([box("Title", lines, notes=(lines,))])
    written = " ".join(text.get_text() for text in texts(figure))
    assert written == f"A title Title {lines} {lines}"


def test_no_break_space_holds_two_words_together():
    # One word more at a time, so that the break comes to every place once.
    for n in range(8, 16):
        figure = chart([box("T", "a " + "word " * n + "value [cpu:\N{NO-BREAK SPACE}3]")])
        assert any("[cpu:\N{NO-BREAK SPACE}3]" in text.get_text() for text in texts(figure))


def test_box_grows_with_its_text_and_page_with_its_boxes():
    small, large = chart([box("One")]), chart([box("One", "a", "b")])
    heights = [outlines(figure)[0].get_height() for figure in (small, large)]
    # Two lines of 7 points at 1.28 of their size.
    assert heights[1] - heights[0] == pytest.approx(2 * 7 * 1.28 / 72)
    assert large.get_size_inches()[1] - small.get_size_inches()[1] == pytest.approx(heights[1] - heights[0])
    assert large.get_size_inches()[0] == WIDTH_IN


def test_each_box_but_the_last_row_has_an_arrow_and_the_loop_one():
    rows = [[box("a"), box("b")], [box("c")], [box("d")]]
    assert len(arrows(chart(*rows))) == 3
    assert len(arrows(chart(*rows, loop=Loop(2, 1, "again")))) == 4


def test_marked_box_has_a_thicker_edge_and_a_darker_fill():
    plain, marked = outlines(chart([box("a")], [box("b", marked=True)]))
    assert marked.get_linewidth() > 2 * plain.get_linewidth()
    assert sum(marked.get_facecolor()) < sum(plain.get_facecolor())


def test_same_bytes_twice(tmp_path):
    rows = [[box("a", "b")], [box("c")]]
    first = [path.read_bytes() for path in save(chart(*rows), tmp_path / "a")]
    assert first == [path.read_bytes() for path in save(chart(*rows), tmp_path / "b")]


@pytest.mark.parametrize("rows", [[], [[]], [[box()], []]])
def test_nothing_to_draw_is_an_error(rows):
    with pytest.raises(ArgumentError, match="rows of boxes"):
        draw_flow_chart(rows, title="", footer=(), loop=None)


@pytest.mark.parametrize("loop", [Loop(0, 1, ""), Loop(1, 1, ""), Loop(2, 0, ""), Loop(1, -1, "")])
def test_loop_that_leads_nowhere_is_an_error(loop):
    with pytest.raises(ArgumentError, match="loop upwards"):
        chart([box()], [box()], loop=loop)


@pytest.mark.parametrize(("arm", "beside"), [("unoptimised_cnn", None), ("optimised_cnn", "unoptimised_cnn")])
def test_committed_protocols_fit_on_a_page_without_overlap(arm, beside):
    runs = [run for run in find_runs(PROJECT / "results", ()) if run.table in ("table1_lidc", "table2_brats")]
    figure = draw_process(
        [planned(run.table, run) for run in runs[:2]], arm=arm, beside=beside, title="T", absent=["X"] * (2 - len(runs))
    )
    assert spills(figure) == []
    # The height of A4, 11.7 inches, less margins of a third of an inch.
    assert figure.get_size_inches()[1] < 11.0
