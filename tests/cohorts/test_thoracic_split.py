from collections import Counter

import pytest

from reproduce.cohorts.thoracic_split import official_side
from reproduce.errors import ArgumentError

_TRAIN = [f"LCTSC-Train-S{site}-{n:03d}" for site in (1, 2, 3) for n in range(1, 13)]
_TEST = [f"LCTSC-Test-S{site}-{n}" for site in (1, 2, 3) for n in (101, 102, 103, 104, 201, 202, 203, 204)]


def test_the_sixty_patients_make_36_12_and_12():
    assert Counter(map(official_side, _TRAIN + _TEST)) == {"train": 36, "validation": 12, "test": 12}


def test_off_site_patients_validate_and_live_ones_test():
    assert official_side("LCTSC-Train-S2-012") == "train"
    assert official_side("LCTSC-Test-S3-104") == "validation"
    assert official_side("LCTSC-Test-S1-201") == "test"


@pytest.mark.parametrize(
    "name",
    [
        "LCTSC-Train-S1-000",
        "LCTSC-Train-S1-013",
        "LCTSC-Train-S4-001",
        "LCTSC-Train-S1-101",
        "LCTSC-Test-S1-001",
        "LCTSC-Test-S1-105",
        "LCTSC-Test-S1-200",
        "LCTSC-Test-S1-205",
        "LCTSC-Test-S1-101x",
        "lctsc-test-s1-101",
        "PHANTOM-0001",
        "",
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(ArgumentError, match="draw the split by patient"):
        official_side(name)
