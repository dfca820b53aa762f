"""A recipe says one thing, and its text says the same."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.errors import ArgumentError, ProtocolError
from reproduce.imaging.intensity import ZScore
from reproduce.prediction.recipe import ABNORMALITY, ORGAN, TISSUE, Code, Recipe, Region, recipe_of, recipe_text
from reproduce.protocol.intensities import Window

BACKGROUND = Region("background", 0, TISSUE, TISSUE)
LUNG = Region("lung", 1, ORGAN, Code("39607008", "Lung"))
NODULE = Region("nodule", 4, ABNORMALITY, Code("27925004", "Nodule"))
SLICES = Recipe(2, (64, 96), ("CT",), Window(-1000.0, 400.0), (LUNG, NODULE), 0.5)
VOLUMES = Recipe(3, (8, 64, 64), ("T2", "ADC"), ZScore(within="nonzero"), (BACKGROUND, LUNG, NODULE), None)


@pytest.mark.parametrize("recipe", [SLICES, VOLUMES])
def test_the_text_gives_the_recipe_back(recipe):
    assert recipe_of(recipe_text(recipe)) == recipe


@pytest.mark.parametrize("ends", [(-1000.0, 1e308), (-1e39, 0.0), (0.0, float("inf")), (float("nan"), 1.0), (1.0, 1.0)])
def test_a_window_that_float32_does_not_hold_is_refused(ends):
    with pytest.raises(ProtocolError, match=r"two ends within 1e\+38 of 0"):
        Window(*ends)


@given(st.floats(0.01, 1), st.floats(-2000, 0), st.floats(1, 3000), st.text(min_size=1))
def test_numbers_and_names_survive_the_text(threshold, low, width, name):
    recipe = replace(SLICES, threshold=threshold, intensity=Window(low, low + width), channels=(name,))
    assert recipe_of(recipe_text(recipe)) == recipe


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"n_axes": 4}, "n_axes 2 or 3"),
        ({"size": (64,)}, "a positive number for each axis"),
        ({"size": (64, 0)}, "a positive number for each axis"),
        ({"size": ()}, "a positive number for each axis"),
        ({"channels": ()}, "a channel at least"),
        ({"regions": ()}, "names of their own"),
        ({"regions": (LUNG, replace(NODULE, name="lung"))}, "names of their own"),
        ({"regions": (LUNG, replace(NODULE, label=1))}, "no two regions share"),
        ({"regions": (LUNG, replace(NODULE, label=-1))}, "labels from 0 to 65535"),
        ({"regions": (LUNG, replace(NODULE, label=65536))}, "labels from 0 to 65535"),
        ({"regions": (BACKGROUND,), "threshold": None}, "one of them above 0"),
        ({"threshold": 0.0}, "a threshold above 0"),
        ({"threshold": 1.5}, "a threshold above 0"),
        ({"threshold": float("nan")}, "a threshold above 0"),
        ({"threshold": None}, "the background, with label 0, as the first"),
        ({"regions": (BACKGROUND, LUNG)}, "no background beside a threshold"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(changes, text):
    with pytest.raises(ArgumentError, match=text):
        replace(SLICES, **changes)


@pytest.mark.parametrize("key", ["format", "n_axes", "size", "channels", "intensity", "regions", "threshold"])
def test_a_text_without_a_part_is_refused(key):
    content = json.loads(recipe_text(SLICES))
    del content[key]
    with pytest.raises(KeyError, match=key):
        recipe_of(json.dumps(content))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"n_axes": "two"},
        {"intensity": {"kind": "percentile"}},
        {"intensity": {"kind": "window", "low_hu": 1.0, "high_hu": 0.0}},
        {"intensity": {"kind": "zscore"}},
        {"regions": [{"name": "lung"}]},
        {"regions": 7},
        {"size": None},
        {"threshold": "half"},
    ],
)
def test_a_text_with_an_odd_part_is_refused(changes):
    content = json.loads(recipe_text(SLICES)) | changes
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError, ArgumentError, ProtocolError)):
        recipe_of(json.dumps(content))
