"""Every figure that a paper's room offers is drawn by `reproduce figures`, and none twice."""

import ast
from pathlib import Path

from reproduce.papers import drawing

PAPERS = Path(drawing.__file__).parent


def test_every_figure_of_a_room_is_drawn_and_no_table_is_named_twice():
    offering = set()
    for path in PAPERS.glob("*/*.py"):
        targets = [t for n in ast.parse(path.read_text()).body if isinstance(n, ast.Assign) for t in n.targets]
        if any(isinstance(target, ast.Name) and target.id == "FIGURES" for target in targets):
            offering.add(path)
    assert offering == {Path(room.__file__) for room in drawing._ROOMS}
    assert sum(len(room.FIGURES) for room in drawing._ROOMS) == len(drawing._FURTHER)
