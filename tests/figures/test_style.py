import matplotlib
import pytest

from reproduce.figures.style import ARMS, HATCHES, new_figure, save, styled


def drawn():
    figure = new_figure(2, 1.5)
    with styled():
        figure.subplots().plot([0, 1], [0, 1])
    return figure


def test_saved_twice_is_the_same_bytes_without_a_date(tmp_path):
    for name in ("a", "b"):
        save(drawn(), tmp_path / name / "figure")
    for ending in ("png", "svg"):
        first, second = (tmp_path / name / f"figure.{ending}" for name in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
    assert "<dc:date>" not in (tmp_path / "a" / "figure.svg").read_text()


def test_paths_and_size(tmp_path):
    png, svg = save(drawn(), tmp_path / "deep" / "name.with.dots")
    assert (png.name, svg.name) == ("name.with.dots.png", "name.with.dots.svg")
    width = int.from_bytes(png.read_bytes()[16:20], "big")
    assert width == 2 * 150
    assert sorted(path.name for path in png.parent.iterdir()) == [png.name, svg.name]


def test_style_ends_with_its_context():
    before = matplotlib.rcParams["font.size"]
    with styled():
        assert matplotlib.rcParams["font.size"] == 9
    assert matplotlib.rcParams["font.size"] == before


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_first_two_arms_differ_in_grey_print_and_each_arm_has_its_own_hatch():
    assert luminance(ARMS[0]) / luminance(ARMS[1]) > 2
    assert len(set(ARMS)) == len(ARMS) == len(HATCHES) == len(set(HATCHES))


def test_broken_folder_is_no_silent_success(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        save(drawn(), tmp_path / "file" / "figure")
