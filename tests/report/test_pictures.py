import base64
import io
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reproduce.report.pictures import outline, pictures, png_address


def points(d):
    return [tuple(map(float, place.split())) for place in re.split("[MLZ]", d) if place]


def area(d):
    """Enclosed area in mm², by the shoelace formula."""
    total = 0.0
    for part in d.split("Z")[:-1]:
        x, y = np.array(points(part)).T
        total += 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    return total


def test_outline_of_a_square_lies_on_its_edges_in_mm():
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:4, 3:6] = True
    xs, ys = zip(*points(outline(mask, (2.0, 1.0))), strict=True)
    # Rows 2 and 3 reach from 4 to 8 mm, columns 3 to 5 from 3 to 6 mm; corners are cut half a pixel.
    assert (min(xs), max(xs)) == (3, 6)
    assert (min(ys), max(ys)) == (4, 8)


def test_part_at_the_edge_is_closed():
    mask = np.ones((3, 4), dtype=bool)
    d = outline(mask, (1.0, 1.0))
    assert d.count("M") == d.count("Z") == 1
    assert {x for x, _ in points(d)} >= {0.0, 4.0}


def test_hole_has_a_line_of_its_own_and_nothing_has_none():
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2] = False
    assert outline(mask, (1.0, 1.0)).count("M") == 2
    assert outline(np.zeros((5, 5), dtype=bool), (1.0, 1.0)) == ""


@given(height=st.integers(1, 6), width=st.integers(1, 6))
def test_area_of_a_box_is_its_pixels_less_the_cut_corners(height, width):
    mask = np.zeros((10, 10), dtype=bool)
    mask[2 : 2 + height, 2 : 2 + width] = True
    # Each of the four corners loses a triangle with legs of half a pixel.
    assert abs(area(outline(mask, (1.0, 1.0))) - (height * width - 4 * 0.125)) < 0.05


def test_png_holds_the_pixels():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    head, data = png_address(image).split(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), image)


def test_pictures_of_overlays(overlays):
    first, last = pictures(overlays, ["a", "b"])
    assert (first.patient, last.patient) == ("P1", "P8")
    assert first.width_mm == 33.6
    assert [model for model, _ in first.predictions] == ["a", "b"]
    assert first.predictions[0][1] == ""
    # The second prediction is the reference two pixels to the right.
    shift = np.array(points(first.predictions[1][1])) - np.array(points(first.reference))
    np.testing.assert_allclose(shift, np.tile([1.4, 0.0], (len(shift), 1)), atol=0.011)


def test_no_overlays_no_pictures():
    assert pictures([], ["a"]) == []
