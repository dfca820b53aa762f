from reproduce.audit.audit import audit
from reproduce.audit.printed import Cell
from reproduce.papers.cells import table_cells
from reproduce.report.audit_drawings import dice_iou_drawings, prevalence_drawings


def drawn(drawing, css):
    return [shape for shape in drawing.shapes if shape.css.split()[0] == css]


def test_columns_of_table_1_do_not_overlap_and_those_of_table_2_do():
    for table, overlap in (("table1_lidc", False), ("table2_brats", True)):
        ((_, drawing),) = prevalence_drawings(audit(table_cells(table)))
        first, second = drawn(drawing, "bar")
        assert (second.x < first.x + first.width) == overlap
        assert [shape.css for shape in (first, second)] == ["bar arm0", "bar arm1"]


def test_prevalence_in_words():
    ((title, drawing),) = prevalence_drawings(audit(table_cells("table1_lidc")))
    assert title == "Document 000, LIDC-IDRI"
    assert "unoptimised_cnn 24.5 to 28.3 %; optimised_cnn 45.5 to 51.5 %" in drawing.title


def test_one_column_needs_no_drawing():
    cells = [cell for cell in table_cells("table1_lidc") if cell.model == "optimised_cnn"]
    assert prevalence_drawings(audit(cells)) == []
    assert prevalence_drawings([]) == []


def test_printed_points_lie_in_the_band_of_what_is_possible():
    ((title, drawing),) = dice_iou_drawings(table_cells("table1_thoracic"))
    assert title == "Document 002, AAPM 2017 thoracic"
    names = [shape.text for shape in drawn(drawing, "name")]
    assert names == ["FCNN", "U-Net", "DeepLabV3", "PSPNet", "Mask R-CNN"]
    assert len(drawn(drawing, "point")) == 5
    assert "FCNN at IoU 0.845, Dice 0.862" in drawing.title


def test_point_on_the_upper_edge_where_cases_are_alike():
    iou = Cell("d", "p", "m", "s", "iou", "ratio", "0.500")
    dice = Cell("d", "p", "m", "s", "dice", "ratio", "0.667")
    ((_, drawing),) = dice_iou_drawings([iou, dice])
    (point,) = drawn(drawing, "point")
    upper = drawn(drawing, "pooled")[0].d[1:].split("L")
    places = [tuple(map(float, place.split())) for place in upper]
    nearest = min(places, key=lambda place: abs(place[0] - point.x))
    # 2 * 0.5 / 1.5 = 0.667; the line has 40 pieces, so the nearest end is at most one of them away.
    assert abs(nearest[1] - point.y) < 12


def test_table_without_iou_has_no_plane():
    assert dice_iou_drawings(table_cells("table1_lidc")) == []
    assert dice_iou_drawings([]) == []
