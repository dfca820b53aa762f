"""Beside SimpleITK, pydicom, torch and ONNX Runtime: the cheap parts of `benchmarks/bench.py --quick`."""

import csv
import math
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    """The modules of the benchmarks, which import each other by their plain names."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import bench
    import timing

    return bench, timing


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    for library in ("SimpleITK", "torch", "onnxruntime", "tf2onnx"):
        pytest.importorskip(library, reason=f"{library} of the extra `bench` is not installed")
    folder = tmp_path_factory.mktemp("bench")
    options = ("--quick", "--data", str(folder / "data"), "--output", str(folder))
    subprocess.run((sys.executable, BENCHMARKS / "bench.py", "dicom", "inference", *options), check=True)
    assert (folder / "bench.md").read_text().startswith("# Speed beside other libraries")
    assert (folder / "bench.png").stat().st_size > 1000
    with (folder / "bench.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_peer_is_timed_and_has_computed_the_same(rows):
    peers = [row["peer"].split()[0] for row in rows]
    assert peers == ["SimpleITK", "pydicom", "SimpleITK", "pydicom", "torch", "onnxruntime"]
    for row in rows:
        assert row["check"].startswith(("the same", "0e+00"))
        assert float(row["lowest"]) <= float(row["ratio"]) <= float(row["highest"])


def test_a_part_whose_sides_differ_is_refused(benchmarks, monkeypatch, tmp_path):
    bench, timing = benchmarks
    dicom = pytest.importorskip("dicom_series")
    pytest.importorskip("SimpleITK", reason="SimpleITK of the extra `bench` is not installed")
    monkeypatch.setattr(dicom, "by_simpleitk", lambda folder: dicom.by_pydicom(folder) + 1)
    (row,) = bench.rows_of("dicom", tmp_path, quick=True)
    assert row.check == "not timed: refused, DICOM series, 8 slices of 64x64: SimpleITK has other voxels"
    assert math.isnan(row.ratio)
    assert row.text()["ratio"] == ""
    assert timing.markdown([row.text()]).count("refused") == 1


def test_the_ratio_is_the_median_of_the_rounds(benchmarks):
    """Rounds of 6/3, 4/4 and 10/2: ratios 2, 1 and 5, while the medians are 6 and 3."""
    row = benchmarks[1].compared("work", "peer", [3.0, 4.0, 2.0], [6.0, 4.0, 10.0], check="same")
    assert (row.ours, row.theirs, row.ratio, row.lowest, row.highest) == (3.0, 6.0, 2.0, 1.0, 5.0)


def test_every_round_meets_every_side_and_the_first_does_not_count(benchmarks):
    calls = []
    taken = benchmarks[1].in_turn({name: lambda name=name: calls.append(name) for name in "abc"}, rounds=5)
    assert [sorted(calls[i : i + 3]) for i in range(0, 18, 3)] == [["a", "b", "c"]] * 6
    assert len({tuple(calls[i : i + 3]) for i in range(0, 18, 3)}) > 1
    assert {name: len(each) for name, each in taken.items()} == {"a": 5, "b": 5, "c": 5}
