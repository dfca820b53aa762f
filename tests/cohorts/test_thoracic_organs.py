import numpy as np
import pytest

from reproduce.cohorts.thoracic_organs import (
    LABEL_NAMES,
    PRECEDENCE,
    SPELLINGS,
    merged,
    name_organs,
    organ_of,
    plain_names,
)


@pytest.mark.parametrize(
    ("label", "names"),
    [
        (1, ["Esophagus", "ESOPHAGUS", "oesophagus", "Eso", " esoph "]),
        (2, ["Heart", "heart", "HEART "]),
        (3, ["Lung_L", "Lung L", "lung-l", "Left Lung", "LUNG LT", "Lt Lung", "lung_left", "L_Lung", "Lung Left"]),
        (4, ["Lung_R", "lung r", "Right_Lung", "Lung-Rt", "RT LUNG", "LungRight"]),
        (5, ["SpinalCord", "Spinal Cord", "spinal_cord", "SPINAL-CORD", "Cord"]),
    ],
)
def test_spellings_of_the_organs(label, names):
    assert {name: organ_of(name) for name in names} == dict.fromkeys(names, label)


@pytest.mark.parametrize(
    "name",
    [
        "SpinalCord_PRV",
        "SpinalCord PRV 5mm",
        "PRV Cord",
        "Cord+5mm",
        "SpinalCanal",
        "Spinal Canal",
        "Lung",
        "Lungs",
        "Lung_L-GTV",
        "Lung_L_lower",
        "Left",
        "Heart2",
        "Heart_PRV",
        "A_Heart",
        "Esophagus_CE",
        "GTV-1",
        "zLung_L",
        "",
        "_",
    ],
)
def test_what_is_not_in_the_table_is_no_organ(name):
    assert organ_of(name) is None


def test_no_spelling_stands_for_two_organs():
    reduced = [(organ_of(name), label) for label, names in SPELLINGS.items() for name in names]
    assert all(found == label for found, label in reduced)
    assert set(SPELLINGS) == set(LABEL_NAMES) == set(PRECEDENCE)


def test_naming_of_a_whole_set():
    naming = name_organs(
        [("Lung_R", True), ("GTV", True), ("Heart", True), ("Lung_L", False), ("SpinalCord", True), ("Esophagus", True)]
    )
    assert naming.chosen == {1: 5, 2: 2, 4: 0, 5: 4}
    assert (naming.absent, naming.ambiguous, naming.unknown) == ((3,), {}, ("GTV",))


def test_two_outlined_structures_of_one_organ_are_ambiguous_but_an_empty_one_does_not_count():
    assert name_organs([("Heart", True), ("heart ", True)]).ambiguous == {2: ("Heart", "heart ")}
    naming = name_organs([("Heart", False), ("heart", True)])
    assert (naming.ambiguous, naming.chosen) == ({}, {2: 1})


def test_nothing_named_is_all_absent():
    naming = name_organs([])
    assert (naming.chosen, naming.absent, naming.unknown) == ({}, (1, 2, 3, 4, 5), ())


def test_a_voxel_of_several_organs_goes_to_the_last_in_the_order():
    # right lung < left lung < heart < oesophagus < spinal cord; column i belongs to the i-th and all before it
    masks = {label: np.arange(5).reshape(1, 1, 5) >= place for place, label in enumerate((4, 3, 2, 1, 5))}
    assert merged(masks, shape=(1, 1, 5)).tolist() == [[[4, 3, 2, 1, 5]]]
    assert merged(dict(reversed(masks.items())), shape=(1, 1, 5)).tolist() == [[[4, 3, 2, 1, 5]]]


def test_no_masks_are_background():
    labels = merged({}, shape=(2, 3, 4))
    assert labels.shape == (2, 3, 4)
    assert labels.dtype == np.uint8
    assert not labels.any()


@pytest.mark.parametrize("name", ["19.04.37", "19-04-37", "37", "_", "", "GTV 1937", "GTV Birnbaum"])
def test_a_name_that_may_say_whose_it_is_is_only_counted(name):
    assert plain_names(["GTV-1", name]) == "GTV-1, 1 of other names"
