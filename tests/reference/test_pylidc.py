"""Beside pylidc 0.2.3: `cluster_annotations()` at its defaults, `utils.consensus` at 0.5, on two real patients."""

import runpy
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.bench, pytest.mark.real]

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "lidc_pylidc.py"


@pytest.fixture(scope="module")
def rows(real_data):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARK.parent)
        benchmark = runpy.run_path(str(BENCHMARK))
    given_back = [name for name in ("int", "float", "bool") if name not in np.__dict__]
    try:
        benchmark["import_pylidc"]()
    except ModuleNotFoundError as error:
        pytest.skip(f"pylidc of the extra `bench` is not usable: {error}")
    yield benchmark["compare"](real_data / "lidc_idri")
    for name in given_back:
        delattr(np, name)


def test_the_same_nodules_with_the_same_readers(rows):
    assert [(row.patient, row.readers_ours) for row in rows] == [
        ("LIDC-IDRI-0001", 4),
        ("LIDC-IDRI-0003", 1),
        ("LIDC-IDRI-0003", 4),
        ("LIDC-IDRI-0003", 4),
        ("LIDC-IDRI-0003", 4),
    ]
    assert all(row.readers_ours == row.readers_theirs for row in rows)


def test_the_same_voxels_where_the_outline_is_outside(rows):
    assert [row.n_theirs[False] for row in rows] == [5428, 2542, 3241, 261, 704]
    assert [row.dice[False] for row in rows] == [1.0] * 5


def test_pylidc_counts_a_part_of_the_outline_where_it_is_to_count(rows):
    """A known disagreement: `include_contour_points` keeps what matplotlib's `contains_points` says of a point on the
    path, which is true on some sides of it and false on others. Ours takes the whole path.
    """
    for row in rows:
        assert row.n_theirs[False] < row.n_theirs[True] < row.n_ours[True]
        assert 0.92 < row.dice[True] < 0.99


def test_the_convention_changes_more_than_the_library(rows):
    for row in rows:
        assert 0.8 < row.dice_conventions < 0.94
