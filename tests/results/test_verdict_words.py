import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reproduce.results import verdict_words as words


@pytest.mark.parametrize(
    ("published", "comparable", "lost", "delta", "word"),
    [
        (False, True, True, 0.0, "not published"),
        (False, False, False, math.nan, "not published"),
        (True, False, True, 0.0, "not comparable"),
        (True, True, False, math.nan, "not comparable"),
        (True, True, True, 0.0, "unreachable"),
        (True, True, False, 2.0, "within"),
        (True, True, False, -2.0, "within"),
        (True, True, False, 2.001, "outside"),
        (True, True, False, -2.001, "outside"),
        (True, True, False, 64.4 - 62.4, "within"),  # more than 2 in float64
    ],
)
def test_word_of_a_cell(published, comparable, lost, delta, word):
    assert words.cell_word(published=published, comparable=comparable, lost=lost, delta=delta, tolerance=2.0) == word


@given(delta=st.floats(allow_nan=True), lost=st.booleans(), tolerance=st.floats(0, 100))
def test_nothing_compares_what_is_not_comparable(delta, lost, tolerance):
    word = words.cell_word(published=True, comparable=False, lost=lost, delta=delta, tolerance=tolerance)
    assert word == words.NOT_COMPARABLE


def test_caveats_name_phantom_and_profile():
    assert words.caveats("lidc_idri", "paper", []) == ()
    assert words.caveats("phantom", "paper", []) == ("phantom",)
    assert words.caveats("lidc_idri", "cpu", ["size: 512 -> 96"]) == ("cpu profile",)
    assert words.caveats("phantom", "cpu", ["size: 512 -> 96"]) == ("phantom", "cpu profile")


def test_real_data_under_the_paper_profile_with_another_number_of_folds_is_not_the_papers_protocol():
    assert words.caveats("lidc_idri", "paper", ["validation.n_folds: 5 -> 2"]) == ("paper profile",)


def test_tally_keeps_the_order():
    assert words.tally(["within", "outside", "within"]) == "2 within, 1 outside"
    assert words.tally([]) == ""
