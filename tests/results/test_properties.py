"""Verdicts of statements by rules written beforehand, and the files they are written to."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from reproduce.errors import ResultsError
from reproduce.papers.cnn_survey.figures import draw_activations, draw_dense, draw_parts
from reproduce.papers.drawing import draw_runs
from reproduce.protocol.section import Section
from reproduce.provenance import write_json
from reproduce.results.cases import write_frame
from reproduce.results.folders import find_runs, read_run
from reproduce.results.properties import COLUMNS, NOT_RUN, Compared, Custom, Exact, Finding, Statement, decide
from reproduce.results.property_results import NO_DATA, PropertyTable, write_properties


def yes():
    """Holds."""
    return Finding(True, "1 = 1")


def no():
    """Does not."""
    return Finding(False, "|x| = 2")


def said(key, by):
    return Statement(key, "001 Table 9, row", f"says {key}", by)


def measured(**conditions):
    """Quantity "q" at x = 1 for seeds 1, 2, ..."""
    rows = [("q", name, 1.0, seed, v) for name, values in conditions.items() for seed, v in enumerate(values, 1)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


EMPTY = pd.DataFrame([], columns=list(COLUMNS))
TEN = np.arange(10.0)


def test_a_calculation_that_holds_supports_and_a_counterexample_contradicts():
    found = decide([said("a", Exact(yes, "r")), said("b", Exact(no, "r")), said("c", Custom("usual"))], EMPTY)
    assert [each.word for each in found] == ["supported", "contradicted", "undecided"]
    assert [each.measured for each in found] == ["1 = 1", "|x| = 2", "usual"]


def test_a_comparison_by_hand():
    # ten differences of 1: of 1024 sign patterns two are as extreme, p = 2 / 1024; alone, so Holm leaves it
    (found,) = decide([said("a", Compared("q", ("more", 1), ("less", 1)))], measured(more=TEN + 1, less=TEN))
    assert found.word == "supported"
    assert found.p_value == found.p_holm == pytest.approx(2 / 1024)
    assert (found.difference, found.low, found.high, found.n) == (1.0, 1.0, 1.0, 10)


def test_the_other_sign_contradicts_and_chance_decides_nothing():
    frame = measured(more=TEN + 1, less=TEN, mixed=TEN + np.tile([1, -1], 5))
    found = decide(
        [said("a", Compared("q", ("less", 1), ("more", 1))), said("b", Compared("q", ("mixed", 1), ("less", 1)))], frame
    )
    assert [each.word for each in found] == ["contradicted", "undecided"]


def test_numbers_stand_on_either_side():
    frame = measured(more=np.full(10, 0.5))
    found = decide([said("a", Compared("q", ("more", 1), 0.25)), said("b", Compared("q", 0.75, ("more", 1)))], frame)
    assert [each.word for each in found] == ["supported", "supported"]
    assert "against 0.25" in found[0].measured
    assert found[1].difference == 0.25


def test_holm_counts_the_compared_statements_of_the_table():
    compared = [said(str(i), Compared("q", ("more", 1), ("less", 1))) for i in range(26)]
    frame = measured(more=TEN + 1, less=TEN)
    # 25 * 2 / 1024 = 0.0488, 26 * 2 / 1024 = 0.0508; what is calculated does not count
    assert decide([*compared[:25], said("x", Exact(yes, "r"))], frame)[0].word == "supported"
    assert decide(compared, frame)[0].word == "undecided"


def test_without_data_it_is_not_run():
    (found,) = decide([said("a", Compared("q", ("more", 1), ("less", 1)))], EMPTY)
    assert found.word == NOT_RUN
    assert np.isnan(found.p_value)


def test_what_was_not_measured_or_not_paired_is_refused():
    frame = measured(more=TEN, less=TEN[:4])
    with pytest.raises(ResultsError, match="0 rows of absent at 1"):
        decide([said("a", Compared("q", ("absent", 1), ("less", 1)))], frame)
    with pytest.raises(ResultsError, match="one set of seeds"):
        decide([said("a", Compared("q", ("more", 1), ("less", 1)))], frame)
    with pytest.raises(ResultsError, match="20 rows"):
        decide([said("a", Compared("q", ("more", 1), 0.0))], pd.concat([frame, frame]))


@dataclasses.dataclass(frozen=True)
class Choices(Section):
    """One choice."""

    n: int


def table(statements):
    study = Choices(n=3, because={"n": "silent: we use 3"})
    return PropertyTable("layers_table9", "001", "Document 001, Table 9", "sample", "cpu", study, (), statements)


def test_files_are_the_same_bytes_twice_and_bars_stay_in_their_cells(tmp_path):
    statements = (said("a", Exact(no, "never")), said("b", Compared("q", ("more", 1), ("less", 1))))
    frame = measured(more=TEN + 1, less=TEN)
    for name in ("one", "two"):
        write_properties(
            tmp_path / name, table(statements), table(statements), decide(statements, frame), source="sample"
        )
    names = ["protocol.json", "statements.csv", "table.md"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names)
    page = (tmp_path / "one" / "table.md").read_text()
    assert "| **contradicted** | \\|x\\| = 2 |" in page
    assert "| study.n | `3` | silent: we use 3 |" in page
    assert "- `a`: never" in page
    assert "1 contradicted, 1 supported" in page
    rows = pd.read_csv(tmp_path / "one" / "statements.csv")
    assert rows["verdict"].tolist() == ["contradicted", "supported"]
    assert np.isnan(rows["p_holm"][0])


def test_the_page_says_that_there_are_no_data(tmp_path):
    statements = (said("b", Compared("q", ("more", 1), ("less", 1))),)
    write_properties(tmp_path, table(statements), table(statements), decide(statements, EMPTY), source=NO_DATA)
    assert "no data: what needs images was not run" in (tmp_path / "table.md").read_text()


QUANTITIES = ("overfit_gap", "mirrored_accuracy", "log10_gradient_ratio", "dead_share", "abs_log10_variance")
QUANTITIES += ("changed_by_shift", "changed_by_turn")


def a_run(results, frame):
    folder = results / "table1_of_001" / "sample-cpu"
    write_frame(frame, folder / "measurements.csv")
    about = {"kind": "statements", "document": "001", "source": "sample", "profile": "cpu", "changed_from_paper": []}
    write_json(folder / "protocol.json", about)
    return read_run(folder)


@pytest.mark.parametrize("draw", [draw_dense, draw_activations, draw_parts])
def test_figures_are_the_same_bytes_twice(tmp_path, draw):
    rows = [(q, c, x, s, 0.1 * s + x) for q in QUANTITIES for c in ("one", "two") for x in (1.0, 2.0) for s in (1, 2)]
    run = a_run(tmp_path, pd.DataFrame(rows, columns=list(COLUMNS)))
    first = [path.read_bytes() for path in draw(run, tmp_path / "figures")]
    assert len(first) == 2
    assert first == [path.read_bytes() for path in draw(run, tmp_path / "figures")]


def test_nothing_measured_is_nothing_drawn(tmp_path):
    assert draw_dense(a_run(tmp_path, EMPTY), tmp_path / "figures") == ()


def test_tables_of_statements_are_found_and_drawn(tmp_path):
    rows = [(q, c, 0.0, s, 0.1 * s) for q in QUANTITIES for c in ("one", "two") for s in (1, 2)]
    folder = a_run(tmp_path, pd.DataFrame(rows, columns=list(COLUMNS))).path
    (run,) = find_runs(tmp_path, ())
    assert (run.kind, run.path) == ("statements", folder)
    drawing = draw_runs(tmp_path, (), tmp_path / "figures")
    assert next(drawing) == tmp_path / "figures" / "table1_of_001" / "sample-cpu" / "dense.png"
