"""All scores of a column together: verdicts, the counts that print them, and the fewest that conflict."""

import json
from dataclasses import replace

import pytest

from reproduce.audit.audit import audit, unreachable
from reproduce.audit.conflict import smallest_conflict
from reproduce.audit.finding import Witness
from reproduce.audit.matrix import Matrix
from reproduce.audit.printed import Cell
from reproduce.audit.render import findings_json, findings_markdown, findings_text
from reproduce.papers.cells import table_cells

CHECK = "all scores from one confusion matrix"


def column(unit="%", **printed):
    return [Cell("d", "Table 1", "m", "s", metric, unit, value) for metric, value in printed.items()]


def of_check(cells, check=CHECK):
    return [each for each in audit(cells) if each.check == check]


def named(conflict):
    return [(cell.model, cell.metric) for cell in conflict]


def test_counts_of_known_positives_and_negatives():
    # 54 of 63; 54 of 70 called positive; 160 of 169 called negative.
    cells = [
        replace(cell, positives="63", negatives="170-180") for cell in column(sensitivity="85.7", precision="77.1")
    ]
    (found,) = of_check([*cells, *column(npv="94.7")])
    assert (found.verdict, found.reading) == ("consistent", "pooled")
    assert found.witness == (Witness("m", (Matrix(54, 9, 16, 160),)),)
    assert found.values[0].text == "63 positives, 170 to 180 negatives"


def test_one_score_that_its_positives_cannot_give():
    cells = [replace(cell, positives="20") for cell in column(fnr="14.3", f1="80.0")]
    (found,) = of_check(cells)
    # 2 of 20 would be 10.0, 3 of 20 15.0; F1 alone is possible.
    assert (found.verdict, named(found.conflict)) == ("inconsistent", [("m", "fnr")])
    assert found.brief == "no matrix prints fnr"
    assert unreachable(cells, pooled={"fnr", "f1"}) == set(cells)
    assert unreachable(cells, pooled={"f1"}) == frozenset()


def test_the_fewest_of_four_scores_that_conflict():
    # From 90 % each of sensitivity and precision F1 is 90 %, whatever the number of cases.
    (found,) = of_check(column(accuracy="90.0", sensitivity="90.0", precision="90.0", f1="92.0"))
    assert (found.verdict, named(found.conflict)) == (
        "inconsistent",
        [("m", "sensitivity"), ("m", "precision"), ("m", "f1")],
    )


def test_positives_and_negatives_that_do_not_give_n():
    accuracy, recall = column(accuracy="85.0", sensitivity="90.0")
    (found,) = of_check([replace(accuracy, n=100, positives="20", negatives="70"), recall])
    assert (found.verdict, found.brief, found.conflict) == ("inconsistent", "positives and negatives do not give n", ())


def test_what_the_search_leaves_open_is_undetermined():
    cells = [replace(cell, positives="63") for cell in column(npv="99.721", specificity="99.981")]
    (found,) = of_check(cells)
    assert (found.verdict, found.brief) == ("undetermined", "no test set up to 2000 cases prints it")
    assert found.values[0].text == "63 positives; the rest up to 2063 cases"
    assert unreachable(cells, pooled={"npv", "specificity"}) == frozenset()


def test_what_another_check_decides_is_not_said_twice():
    assert of_check(table_cells("table1_lidc")) == []
    assert of_check(column(iou="76.1", dice="86.4")) == []
    assert len(of_check(column(iou="76.1", dice="86.4", accuracy="90.0"))) == 1


@pytest.mark.parametrize(
    ("check", "witness"),
    [
        ("accuracy, sensitivity and specificity", Matrix(24, 4, 7, 71)),
        ("Dice from one confusion matrix", Matrix(54, 9, 16, 161)),
    ],
)
def test_counts_that_print_the_first_column_of_document_000(check, witness):
    found = of_check(table_cells("table1_lidc"), check)[0]
    assert found.witness == (Witness("unoptimised_cnn", (witness,)),)


def test_smallest_conflicts_of_table_1_of_document_000():
    cells = table_cells("table1_lidc")
    rates, four = ["accuracy", "sensitivity", "specificity"], ["accuracy", "sensitivity", "specificity", "dice"]
    after = of_check(cells, "Dice from one confusion matrix")[1]
    assert named(after.conflict) == [("optimised_cnn", metric) for metric in four]
    (pair,) = of_check(cells, "one test set")
    both = ("unoptimised_cnn", "optimised_cnn")
    assert named(pair.conflict) == [(model, metric) for model in both for metric in rates]


def test_accuracy_outside_its_rates_conflicts_with_both():
    (found,) = of_check(
        column(accuracy="97.0", sensitivity="90.0", specificity="95.0"), "accuracy, sensitivity and specificity"
    )
    assert named(found.conflict) == [("m", metric) for metric in ("accuracy", "sensitivity", "specificity")]


def test_text_markdown_and_json_carry_counts_and_conflict():
    sound = [replace(cell, positives="63") for cell in column(sensitivity="85.7", precision="77.1", specificity="91.0")]
    broken = [replace(cell, model="other") for cell in column(sensitivity="90.0", precision="90.0", f1="92.0")]
    findings = [each for each in audit([*sound, *broken]) if each.check == CHECK]
    told = "counts that print it, m: TP 54, FN 9, FP 16, TN 161"
    clash = "smallest conflict: sensitivity 90.0 % (other), precision 90.0 % (other), f1 92.0 % (other)"
    text = findings_text(findings, width=200)
    assert f"- {told}\n" in text
    assert f"- {clash}\n" in text
    markdown = findings_markdown(findings)
    assert told.replace("m: ", "m ") in markdown
    assert clash.replace("conflict:", "conflict") in markdown
    first, second = json.loads(findings_json(findings))
    assert first["witness"] == [{"model": "m", "matrices": [{"tp": 54, "fn": 9, "fp": 16, "tn": 161}]}]
    assert first["conflict"] == second["witness"] == []
    assert [(cell["metric"], cell["value"]) for cell in second["conflict"]] == [
        ("sensitivity", "90.0"),
        ("precision", "90.0"),
        ("f1", "92.0"),
    ]


def test_the_fewest_items_and_the_clock():
    def impossible(some):
        return {2, 5} <= set(some) or sum(some) > 13

    assert smallest_conflict([1, 2, 5, 9], impossible, seconds=10) == (2, 5)
    assert smallest_conflict([5, 9], impossible, seconds=10) == (5, 9)
    assert smallest_conflict([1, 2, 5, 9], impossible, seconds=-1) == (1, 2, 5, 9)


def test_one_case_that_should_be_positive_and_negative():
    error, recall = column(**{"error rate": "0.0"}, fnr="0.0")
    (found,) = of_check([replace(error, n=1, positives="1"), recall])
    assert (found.verdict, found.brief) == ("inconsistent", "positives and negatives do not give n")
