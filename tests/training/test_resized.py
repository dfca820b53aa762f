"""Slices as models see them: windowed, shrunk, regions united; kept on disk, keyed by all that they follow from."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from reproduce.protocol import Call, Preparation
from reproduce.protocol.intensities import Window
from reproduce.training.pipeline import resized_slices


def preparation(**changes):
    values = {
        "size": 32,
        "intensity": Window(low_hu=-1000.0, high_hu=400.0),
        "cohort": Call(print, {}),
        "regions": {"nodule": ()},
    } | changes
    return Preparation(**values, because=dict.fromkeys(values, "silent: it is a test"))


def resized(prepared, tmp_path, **changes):
    return list(resized_slices(prepared, preparation(**changes), cache=tmp_path).examples.as_numpy_iterator())


def test_the_window_goes_to_0_and_1_and_is_clipped(prepared, tmp_path):
    native = [example["image"][..., 0].astype(float) for example in prepared.read().as_numpy_iterator()]
    found = resized(prepared, tmp_path, size=64)  # the native size, so nothing is interpolated
    for hu, example in zip(native, found, strict=True):
        assert example["image"][..., 0] == pytest.approx(np.clip((hu + 1000) / 1400, 0, 1), abs=1e-5)
    assert min(hu.min() for hu in native) < -1000 or max(hu.max() for hu in native) > 400


def test_a_mask_is_where_half_of_the_shrunk_mask_is_and_the_slice_says_what_was_native(prepared, tmp_path):
    labels = [example["labels"] > 0 for example in prepared.read().as_numpy_iterator()]
    found = resized(prepared, tmp_path, size=32)
    for native, example in zip(labels, found, strict=True):
        shrunk = tf.image.resize(native[..., None].astype(np.float32), (32, 32), antialias=True).numpy()
        assert np.array_equal(example["mask"], (shrunk >= 0.5).astype(np.float32))
        assert example["slice"].tolist() == [float(native.any())]
    assert 0 < sum(example["mask"].sum() for example in found) < sum(native.sum() for native in labels)


def test_regions_unite_the_labels_that_they_name(prepared, tmp_path):
    labels = [example["labels"] for example in prepared.read().as_numpy_iterator()]
    found = resized(prepared, tmp_path, size=64, regions={"any": (), "one": (1,), "more": (2, 3, 4)})
    for native, example in zip(labels, found, strict=True):
        wanted = np.stack([native > 0, native == 1, np.isin(native, (2, 3, 4))], axis=-1)
        assert np.array_equal(example["mask"], wanted.astype(np.float32))


def test_names_follow_the_examples(prepared, tmp_path):
    slices = resized_slices(prepared, preparation(), cache=tmp_path)
    expected = [(e["patient"].decode(), e["scan"].decode(), e["slice"]) for e in prepared.read().as_numpy_iterator()]
    assert [(name.patient, name.scan, name.slice) for name in slices.names] == expected
    assert (slices.size, slices.n_channels, slices.regions) == (32, 1, ("nodule",))


def folders(tmp_path):
    return sorted(path.name for path in (tmp_path / "resized").iterdir() if not path.name.startswith("."))


def test_the_cache_is_used_again_and_holds_the_same(prepared, tmp_path, monkeypatch):
    first = resized(prepared, tmp_path)
    monkeypatch.setattr("reproduce.training.pipeline.as_seen", lambda image, intensity: 0 * image)
    second = resized(prepared, tmp_path)
    assert len(folders(tmp_path)) == 1
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "change", [{"size": 16}, {"intensity": Window(low_hu=-1000.0, high_hu=500.0)}, {"regions": {"one": (1,)}}]
)
def test_another_preparation_has_a_cache_of_its_own(prepared, tmp_path, change):
    usual = resized(prepared, tmp_path)
    other = resized(prepared, tmp_path, **change)
    assert len(folders(tmp_path)) == 2
    assert any(not np.array_equal(a[name], b[name]) for a, b in zip(usual, other, strict=True) for name in a)


def test_another_source_has_a_cache_of_its_own(prepared, tmp_path):
    resized(prepared, tmp_path)
    resized(replace(prepared, key="other"), tmp_path)
    assert len(folders(tmp_path)) == 2


def test_a_cache_that_was_not_finished_is_made_again(prepared, tmp_path):
    first = resized(prepared, tmp_path)
    folder = tmp_path / "resized" / folders(tmp_path)[0]
    (folder / "names.json").unlink()
    (folder / "examples_0.lockfile").touch()
    next(folder.glob("*.data*")).write_bytes(b"half")
    second = resized(prepared, tmp_path)
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(first, second, strict=True) for name in a)
    assert len(json.loads((folder / "names.json").read_text())) == 18


def test_a_cohort_too_large_for_the_disk_is_resized_as_it_is_read(prepared, tmp_path, monkeypatch):
    kept = resized(prepared, tmp_path / "kept")
    monkeypatch.setattr("reproduce.training.pipeline._ON_DISK_BYTES", 0)
    passing = resized(prepared, tmp_path / "passing")
    assert not list((tmp_path / "passing").rglob("examples*"))
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(kept, passing, strict=True) for name in a)


def test_another_version_of_a_library_has_a_cache_of_its_own(prepared, tmp_path, monkeypatch):
    resized(prepared, tmp_path)
    monkeypatch.setattr("reproduce.cache_key._version", lambda library: "another")
    resized(prepared, tmp_path)
    assert len(folders(tmp_path)) == 2
