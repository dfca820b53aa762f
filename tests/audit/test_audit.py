from reproduce.audit.audit import audit, cell_verdict, unreachable
from reproduce.audit.columns import RATES
from reproduce.audit.printed import Cell
from reproduce.papers.cells import table_cells


def cells_of(rows, *, data="s", unit="%"):
    """Cells from {model: {metric: value}}."""
    return tuple(
        Cell("d", "Table 1", model, data, metric, unit, value)
        for model, values in rows.items()
        for metric, value in values.items()
    )


def verdicts(findings):
    return [(each.check, each.models, each.verdict) for each in findings]


def of_check(findings, check):
    return [each for each in findings if each.check == check]


def test_verdicts_on_table_1_of_document_000():
    before, after = "unoptimised_cnn", "optimised_cnn"
    assert verdicts(audit(table_cells("table1_lidc"), small_structures=["LIDC-IDRI"])) == [
        ("accuracy, sensitivity and specificity", (before,), "consistent"),
        ("Dice from one confusion matrix", (before,), "consistent"),
        ("Dice on voxels", (before,), "inconsistent"),
        ("accuracy, sensitivity and specificity", (after,), "consistent"),
        ("Dice from one confusion matrix", (after,), "inconsistent"),
        ("Dice on voxels", (after,), "inconsistent"),
        ("one test set", (before, after), "inconsistent"),
        ("one test set, from Dice", (before, after), "inconsistent"),
    ]


def test_verdicts_on_table_2_of_document_000():
    before, after = "unoptimised_cnn", "optimised_cnn"
    found = audit(table_cells("table2_brats"))
    assert verdicts(found) == [
        ("accuracy, sensitivity and specificity", (before,), "consistent"),
        ("Dice from one confusion matrix", (before,), "inconsistent"),
        ("Dice on voxels", (before,), "undetermined"),
        ("accuracy, sensitivity and specificity", (after,), "consistent"),
        ("Dice from one confusion matrix", (after,), "inconsistent"),
        ("Dice on voxels", (after,), "undetermined"),
        ("one test set", (before, after), "consistent"),
        ("one test set, from Dice", (before, after), "inconsistent"),
    ]
    (shared,) = of_check(found, "one test set")
    assert [value.text for value in shared.values] == [
        "0.3182 to 0.3409",
        "306 cases, 102 positive: TP 83, TN 184; TP 93, TN 195",
    ]


def test_verdicts_on_table_1_of_document_002():
    found = audit(table_cells("table1_thoracic"))
    five = ("FCNN", "U-Net", "DeepLabV3", "PSPNet", "Mask R-CNN")
    expected = [
        row
        for model in five
        for row in (
            ("Dice against IoU, pooled", (model,), "inconsistent"),
            ("Dice against IoU, as means", (model,), "undetermined"),
        )
    ]
    expected += [
        ("background counted in the mean IoU", five, "consistent"),
        ("ranking by IoU and by Dice", five, "consistent"),
        ("not published", ("SegNet",), "undetermined"),
        ("not published", ("SegNet",), "undetermined"),
    ]
    assert verdicts(found) == expected
    assert of_check(found, "ranking by IoU and by Dice")[0].values[0].text == (
        "FCNN > Mask R-CNN > PSPNet > DeepLabV3 > U-Net"
    )


def test_order_in_the_text_bounds_the_lost_cells():
    found = audit(table_cells("table1_thoracic") + table_cells("text_zheng2024"))
    briefs = [each.brief for each in of_check(found, "not published")]
    assert briefs == ["not published; below DeepLabV3 (80.7 %, 3.3)", "not published; below DeepLabV3 (82.3 %, 3.3)"]
    orders = of_check(found, "order of two models")
    assert sum(each.verdict == "consistent" for each in orders) == 6
    assert {each.brief for each in orders if each.verdict == "undetermined"} == {"level of SegNet not published"}


def test_text_of_document_000_against_its_tables():
    names = ("table1_lidc", "table2_brats", "text_xue2025")
    found = audit(tuple(cell for name in names for cell in table_cells(name)))
    (wrong,) = [each for each in of_check(found, "text against table") if each.verdict != "consistent"]
    assert (wrong.data, wrong.brief) == ("LIDC-IDRI", "8.2 prints 0.885")
    differences = {
        (each.cells[0].place, each.data, each.metrics[0]): each.brief
        for each in of_check(found, "improvement against its levels")
    }
    assert differences == {
        ("7.2", "LIDC-IDRI", "accuracy"): "fits as points",
        ("7.2", "BraTS", "accuracy"): "fits as points",
        ("7.3", "LIDC-IDRI", "accuracy"): "fits as points",
        ("7.3", "LIDC-IDRI", "sensitivity"): "fits as points",
        ("7.3", "LIDC-IDRI", "dice"): "not as points; relative only from levels before rounding",
    }
    (mixed,) = of_check(found, "differences of one place")
    assert (mixed.verdict, mixed.brief) == ("inconsistent", "points and relative mixed")


def test_plateaus_of_document_002_against_its_text():
    found = audit(table_cells("table1_thoracic") + table_cells("text_zheng2024"))
    assert [(each.metrics, each.verdict, each.brief) for each in of_check(found, "text against table")] == [
        (("miou",), "consistent", "repeated in Figure 2"),
        (("dice",), "inconsistent", "Figure 3 prints 0.88"),
    ]


def test_plateaus_of_document_002_with_each_other():
    found = audit(cells_of({"FCNN": {"miou": "0.85", "dice": "0.88"}}, unit="ratio"))
    # 2 * .85 / 1.85 = .919 pooled; as means anything from .845 to .922.
    assert verdicts(found)[:2] == [
        ("Dice against IoU, pooled", ("FCNN",), "inconsistent"),
        ("Dice against IoU, as means", ("FCNN",), "undetermined"),
    ]


def test_verdict_of_a_cell():
    cells = table_cells("table1_lidc")
    findings = audit(cells)
    told = {(cell.model, cell.metric): cell_verdict(cell, findings) for cell in cells}
    disjoint = "prevalence of the two columns disjoint"
    assert told["unoptimised_cnn", "accuracy"] == f"inconsistent if pooled: {disjoint}"
    assert told["optimised_cnn", "accuracy"] == (f"inconsistent if pooled: Dice should be 0.947 to 0.952, {disjoint}")
    assert told["unoptimised_cnn", "dice"] == (
        "inconsistent if pooled: prevalence from Dice of the two columns disjoint"
    )


def test_verdict_of_a_cell_that_contradicts_itself_in_the_text():
    cells = table_cells("table1_thoracic")
    findings = audit(cells + table_cells("text_zheng2024"))
    assert cell_verdict(cells[1], findings) == (
        "inconsistent if pooled: Dice should be 91.57 to 91.63 %; inconsistent in the text: Figure 3 prints 0.88"
    )
    assert cell_verdict(cells[4], findings) == "undetermined: not published; below DeepLabV3 (80.7 %, 3.3)"


def test_cell_that_no_check_covers():
    (cell,) = cells_of({"m": {"auc": "99.3"}})
    assert audit([cell]) == ()
    assert cell_verdict(cell, ()) == "not checked"


def test_no_cells_no_findings():
    assert audit([]) == ()
    assert unreachable([], pooled=RATES) == frozenset()


def test_accuracy_outside_its_bounds():
    found = audit(cells_of({"m": {"accuracy": "97.0", "sensitivity": "90.0", "specificity": "95.0", "dice": "90.0"}}))
    assert verdicts(found)[:2] == [
        ("accuracy, sensitivity and specificity", ("m",), "inconsistent"),
        ("Dice from one confusion matrix", ("m",), "inconsistent"),
    ]


def test_dice_below_the_iou_is_inconsistent_however_averaged():
    cells = cells_of({"m": {"iou": "80.0", "dice": "79.0"}})
    (means,) = of_check(audit(cells), "Dice against IoU, as means")
    assert (means.verdict, means.reading) == ("inconsistent", "any")
    assert unreachable(cells, pooled=()) == set(cells)


def test_pooled_dice_and_iou_of_a_sound_table():
    # 2 * .78 / 1.78 = .876, 2 * .761 / 1.761 = .864.
    found = audit(cells_of({"U-Net": {"iou": "76.1", "dice": "86.4"}, "ours": {"iou": "78.0", "dice": "87.6"}}))
    assert {each.verdict for each in found} == {"consistent"}


def test_rankings_that_differ():
    found = audit(cells_of({"a": {"iou": "80.0", "dice": "85.0"}, "b": {"iou": "79.0", "dice": "86.0"}}))
    (ranking,) = of_check(found, "ranking by IoU and by Dice")
    assert ranking.verdict == "undetermined"
    assert ranking.values[1].text == "a and b"


def test_columns_of_different_data_are_not_compared():
    sound = {"accuracy": "90.0", "sensitivity": "85.0", "specificity": "95.0"}
    other = {"accuracy": "94.0", "sensitivity": "85.0", "specificity": "95.0"}
    assert of_check(audit(cells_of({"a": sound}) + cells_of({"b": other}, data="t")), "one test set") == []
    (clash,) = of_check(audit(cells_of({"a": sound}) + cells_of({"b": other})), "one test set")
    assert clash.verdict == "inconsistent"


def test_every_pair_that_clashes_is_named():
    rows = {
        name: {"accuracy": accuracy, "sensitivity": "80.0", "specificity": "90.0"}
        for name, accuracy in (("a", "85.0"), ("b", "85.0"), ("c", "88.0"))
    }
    found = of_check(audit(cells_of(rows)), "one test set")
    assert [each.models for each in found] == [("a", "c"), ("b", "c")]


def test_score_that_n_cannot_give():
    cells = [Cell("d", "Table 1", "m", "s", "sensitivity", "%", value, n=20) for value in ("85.7",)]
    (finding,) = audit(cells)
    assert (finding.check, finding.verdict) == ("attainable for n", "inconsistent")
    assert unreachable(cells, pooled=["sensitivity"]) == set(cells)


def test_counts_of_a_test_set_of_known_make_up():
    values = {"accuracy": ("89.6", 106), "sensitivity": ("85.7", 28), "specificity": ("91.0", 78)}
    cells = [Cell("d", "Table 1", "m", "s", metric, "%", value, n=n) for metric, (value, n) in values.items()]
    (counts,) = of_check(audit(cells), "counts of the column")
    assert counts.values[0].text == "24 of 28 positives and 71 of 78 negatives right"
    # 95 of 106 is 89.6; with 92.5 as accuracy each share is attainable, but 24 + 71 is not 98.
    cells[0] = Cell("d", "Table 1", "m", "s", "accuracy", "%", "92.5", n=106)
    found = audit(cells)
    assert {each.verdict for each in of_check(found, "attainable for n")} == {"consistent"}
    assert of_check(found, "counts of the column")[0].verdict == "inconsistent"


def test_improvement_that_fits_neither_way():
    cells = (
        *cells_of({"new": {"dice": "90.0"}, "old": {"dice": "80.0"}}),
        Cell("d", "Abstract", "new", "s", "dice", "%", "15.0", against="old"),
    )
    (finding,) = of_check(audit(cells), "improvement against its levels")
    assert finding.verdict == "inconsistent"
    # 12.5 % is the relative improvement; in points it would be 10.
    points = Cell("d", "Abstract", "new", "s", "dice", "points", "12.5", against="old")
    assert of_check(audit((*cells[:2], points)), "improvement against its levels")[0].verdict == "inconsistent"
    percent = Cell("d", "Abstract", "new", "s", "dice", "%", "12.5", against="old")
    assert of_check(audit((*cells[:2], percent)), "improvement against its levels")[0].verdict == "consistent"


def test_order_that_the_levels_reverse():
    cells = (
        *cells_of({"new": {"dice": "80.0"}, "old": {"dice": "90.0"}}),
        Cell("d", "Abstract", "new", "s", "dice", "%", ">", against="old"),
    )
    (finding,) = of_check(audit(cells), "order of two models")
    assert (finding.verdict, finding.brief) == ("inconsistent", "order reversed")


def test_improvement_over_an_unknown_level_is_undetermined():
    cells = (Cell("001", "4.3", "ICN", "brain", "dice", "%", "3", against="its baseline"),)
    (finding,) = audit(cells)
    assert (finding.verdict, finding.brief) == ("undetermined", "level of ICN and its baseline not published")
