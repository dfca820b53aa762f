"""Texts from files are no elements of an SVG."""

from reproduce.figures.style import new_figure, save


def test_a_title_is_no_element(tmp_path):
    figure = new_figure(4, 3)
    figure.suptitle("<script>alert(1)</script>")
    figure.text(0.5, 0.5, "--><script>alert(2)</script>")
    texts = [path.read_text(encoding="utf-8") for path in save(figure, tmp_path / "x") if path.suffix == ".svg"]
    assert texts
    assert "<script" not in "".join(texts)
