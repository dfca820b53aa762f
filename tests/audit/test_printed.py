from fractions import Fraction

import pytest

from reproduce.audit.interval import Interval
from reproduce.audit.printed import Cell, read_cells
from reproduce.errors import ClaimsError
from reproduce.papers.cells import packaged_tables, table_cells

HEADER = "document,place,model,data,metric,unit,value"
ROW = "Doe 2024,Table 2,U-Net,ISIC,dice,%,86.4"


def cell(**changes):
    fields = {
        "document": "d",
        "place": "Table 1",
        "model": "m",
        "data": "s",
        "metric": "dice",
        "unit": "%",
        "value": "91",
    }
    return Cell(**{**fields, **changes})


@pytest.fixture
def read(tmp_path):
    def from_text(text, encoding="utf-8"):
        path = tmp_path / "paper.csv"
        path.write_bytes(text.encode(encoding))
        return read_cells(path)

    return from_text


BROKEN = {
    "empty file": ("", "expected a header line, got an empty file", "paper.csv"),
    "header alone": (HEADER, "expected at least one row below the header, got none", "paper.csv"),
    "column missing": (HEADER.replace(",unit", ""), "got column missing: unit", "paper.csv, line 1"),
    "column unknown": (f"{HEADER},sd", "got column unknown: sd", "paper.csv, line 1"),
    "column twice": (f"{HEADER},value", "got column twice: value", "paper.csv, line 1"),
    "semicolons": (HEADER.replace(",", ";"), "expected fields separated by commas", "paper.csv, line 1"),
    "field missing": (f"{HEADER}\n{ROW[:-5]}", "expected 7 fields, got 6 fields", "paper.csv, line 2"),
    "decimal comma": (f"{HEADER}\n{ROW[:-4]}86,4", "expected 7 fields, got 8 fields", "paper.csv, line 2"),
    "decimal comma in quotes": (
        f'{HEADER}\n{ROW[:-4]}"86,4"',
        "expected a number as printed, such as 95.2, got '86,4'",
        "line 2, column value",
    ),
    "spread in the value": (f"{HEADER}\n{ROW} +- 0.3", "got '86.4 +- 0.3'", "line 2, column value"),
    "wrong unit for the value": (
        f"{HEADER}\n{ROW.replace('%', 'ratio')}",
        "expected 0 to 1 for the unit ratio, got 86.4",
        "line 2, column value",
    ),
    "percentage above 100": (f"{HEADER}\n{ROW[:-4]}864", "expected 0 to 100 for the unit %, got 864", "column value"),
    "negative level": (f"{HEADER}\n{ROW[:-4]}-1.0", "expected 0 to 100 for the unit %, got -1.0", "column value"),
    "unknown unit": (f"{HEADER}\n{ROW.replace('%', 'percent')}", "got 'percent'", "line 2, column unit"),
    "unknown metric": (f"{HEADER}\n{ROW.replace('dice', 'DSK')}", "got 'DSK'", "line 2, column metric"),
    "unknown average": (f"{HEADER},average\n{ROW},macro", "got 'macro'", "line 2, column average"),
    "folds of one matrix": (f"{HEADER},folds\n{ROW},5", "for a mean over folds or cases, got 5", "column folds"),
    "one fold": (f"{HEADER},average,folds\n{ROW},folds,1", "expected 2 to 10000", "column folds"),
    "no positives": (f"{HEADER},positives\n{ROW},0", "expected numbers from 1", "line 2, column positives"),
    "range backwards": (f"{HEADER},positives\n{ROW},65-60", "got '65-60'", "line 2, column positives"),
    "words for negatives": (f"{HEADER},negatives\n{ROW},many", "got 'many'", "line 2, column negatives"),
    "entries without folds": (f"{HEADER},positives\n{ROW},3;4", "got 2 entries", "line 2, column positives"),
    "too few entries": (
        f"{HEADER},average,folds,positives\n{ROW},folds,5,3;4",
        "expected 1 entry, or 5, got 2 entries",
        "line 2, column positives",
    ),
    "correlation below -1": (
        f"{HEADER}\n{ROW[:-12]},mcc,ratio,-1.2",
        "expected -1 to 1 for the unit ratio, got -1.2",
        "line 2, column value",
    ),
    "negative odds": (f"{HEADER}\n{ROW[:-12]},DOR,ratio,-3", "expected 0 or more, got -3", "column value"),
    "no place": (f"{HEADER}\n{ROW.replace('Table 2', ' ')}", "expected some text, got nothing", "column place"),
    "points for a level": (f"{HEADER}\n{ROW.replace('%', 'points')}", "got 'points'", "line 2, column unit"),
    "decimals below those printed": (
        f"{HEADER},decimals\n{ROW},0",
        "expected 1 (those printed) to 12, got 0",
        "decimals",
    ),
    "decimals not whole": (
        f"{HEADER},decimals\n{ROW},1.5",
        "expected a whole number or nothing, got '1.5'",
        "decimals",
    ),
    "n of zero": (f"{HEADER},n\n{ROW},0", "expected 1 to 1000000000000000, got '0'", "line 2, column n"),
    "against itself": (f"{HEADER},against\n{ROW},U-Net", "expected another model, got 'U-Net'", "column against"),
    "larger than nobody": (f"{HEADER}\n{ROW[:-4]}>", "expected a number, got '>'", "line 2, column value"),
    "cell twice": (f"{HEADER}\n{ROW}\n\n{ROW}", "expected each cell once, got the cell of line 2 again", "line 4"),
    "quotation left open": (f'{HEADER}\n"{ROW}', "expected well-formed CSV, got unexpected end of data", "line 2"),
}

NO_COUNTS = ("nan", "inf", "-5", "+5", "0x10", "1_000", "1e3", "12.0", "\u0661\u0662", "\u00b2", "9" * 17, "9" * 5000)
NO_VALUES = (
    "nan",
    "inf",
    "0x1F",
    "1_0.5",
    "9e1",
    "1e999999999",
    "\u0669\u0665.\u0662",
    ".5",
    "5.",
    "\u22121.2",
    "9" * 5000,
)
BROKEN |= {
    f"n {text:.9} of {len(text)}": (f"{HEADER},n\n{ROW},{text}", "expected a whole number", "column n")
    for text in NO_COUNTS
}
BROKEN |= {f"value {text:.9}": (f"{HEADER}\n{ROW[:-4]}{text}", "as printed", "column value") for text in NO_VALUES}
BROKEN |= {
    "n of 10 to the 100": (f"{HEADER},n\n{ROW},1{'0' * 100}", "got '1000000000", "line 2, column n"),
    "n of 16 digits": (f"{HEADER},n\n{ROW},9999999999999999", "expected 1 to 1000000000000000", "line 2, column n"),
    "decimals of 5000 digits": (f"{HEADER},decimals\n{ROW},{'9' * 5000}", "(5000 characters)", "column decimals"),
    "5000 decimals": (f"{HEADER}\n{ROW[:-4]}0.{'1' * 5000}", "(5002 characters)", "line 2, column value"),
    "difference of 5000 digits": (f"{HEADER},against\n{ROW[:-4]}{'9' * 5000},Other", "as printed", "column value"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_file(read, case):
    text, message, where = BROKEN[case]
    with pytest.raises(ClaimsError) as caught:
        read(text)
    assert message in str(caught.value)
    assert where in caught.value.where
    assert caught.value.do
    assert len(str(caught.value)) < 600


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(ClaimsError, match="expected a CSV file, got No such file or directory"):
        read_cells(tmp_path / "none.csv")


def test_folder_instead_of_a_file(tmp_path):
    with pytest.raises(ClaimsError, match="expected a CSV file, got Is a directory"):
        read_cells(tmp_path)


def test_file_in_another_encoding(read):
    with pytest.raises(ClaimsError, match="expected UTF-8 text, got the byte 0xfc at 45"):
        read(f"{HEADER}\nM\u00fcller{ROW[3:]}", encoding="latin-1")


def test_metric_close_to_a_known_one_is_suggested():
    with pytest.raises(ClaimsError) as caught:
        cell(metric="Sensitvity")
    assert caught.value.do == "did you mean 'sensitivity'?"


def test_file_with_byte_order_mark_windows_lines_and_other_column_order(read):
    text = "\ufeffvalue,unit,metric,data,model,place,document,n\r\n86.4, % ,dice,ISIC,U-Net,Table 2,Doe 2024,600\r\n"
    expected = Cell("Doe 2024", "Table 2", "U-Net", "ISIC", "dice", "%", "86.4", n=600)
    assert read(text) == (expected,)


@pytest.mark.parametrize(
    ("printed", "metric"),
    [
        ("DSC", "dice"),
        ("Recall", "sensitivity"),
        ("TPR", "sensitivity"),
        ("PPV", "precision"),
        ("F1-score", "f1"),
        ("JSC", "iou"),
        ("VOE", "voe"),
        ("LR-", "lr-"),
        ("LR+", "lr+"),
        ("Cohen's kappa", "kappa"),
        ("miou", "miou"),
    ],
)
def test_a_metric_is_read_under_the_names_of_the_field(read, printed, metric):
    assert read(f"{HEADER}\n{ROW.replace('dice', printed).replace('%,86.4', 'ratio,0.86')}")[0].metric == metric


def test_levels_keep_the_range_of_their_score(read):
    rows = [f"Doe 2024,Table 2,U-Net,ISIC,{rest}" for rest in ("mcc,ratio,-0.5", "DOR,ratio,37.4", "mcc,%,-99.97")]
    text = f"{HEADER}\n" + "\n".join([*rows[:2], rows[2].replace("U-Net", "Ours")])
    mcc, dor, low = (each.share for each in read(text))
    assert mcc == Interval(Fraction(-55, 100), Fraction(-45, 100))
    assert dor == Interval(Fraction(3735, 100), Fraction(3745, 100))
    assert low == Interval(Fraction(-99975, 100000), Fraction(-99965, 100000))


def test_quoted_field_may_hold_a_comma(read):
    assert read(f"{HEADER}\n{ROW.replace('Table 2', chr(34) + 'Tables 2, 3' + chr(34))}")[0].place == "Tables 2, 3"


def test_interval_is_in_the_unit_of_the_cell_and_share_is_not():
    assert cell(value="95.2").interval == Interval(Fraction(9515, 100), Fraction(9525, 100))
    assert cell(value="95.2").share == Interval(Fraction(9515, 10000), Fraction(9525, 10000))
    assert cell(value="0.894", unit="ratio").share == Interval(Fraction(8935, 10000), Fraction(8945, 10000))


def test_given_decimals_narrow_the_interval_and_as_printed_widens_it_again():
    assert cell(decimals=1).interval == Interval(Fraction(9095, 100), Fraction(9105, 100))
    assert cell(decimals=1).as_printed == cell()
    assert cell().interval == Interval(Fraction(905, 10), Fraction(915, 10))


def test_share_of_a_level_stays_within_zero_and_one():
    assert cell(value="100.0").share == Interval(Fraction(9995, 10000), 1)
    assert cell(value="0.0").share == Interval(0, Fraction(5, 10000))


def test_difference_may_be_negative():
    assert cell(value="-1.2", unit="points", against="other").share.high < 0


@pytest.mark.parametrize("value", ["", "-"])
def test_cell_that_is_not_published_has_no_interval(value):
    assert not cell(value=value).published
    with pytest.raises(ClaimsError, match="expected a printed number"):
        _ = cell(value=value).share


def test_packaged_tables_have_the_printed_cells_in_order():
    lidc = table_cells("table1_lidc")
    assert [(each.model, each.metric, each.value) for each in lidc] == [
        (model, metric, value)
        for model, values in (
            ("unoptimised_cnn", ("89.6", "85.7", "91", "0.812")),
            ("optimised_cnn", ("95.2", "93.5", "96.8", "0.894")),
        )
        for metric, value in zip(("accuracy", "sensitivity", "specificity", "dice"), values, strict=True)
    ]
    assert {each.place for each in lidc} == {"Table 1 (7.1.1)"}
    brats = ["87.3", "81.4", "90.2", "0.768", "94.1", "91.2", "95.6", "0.885"]
    assert [each.value for each in table_cells("table2_brats")] == brats
    thoracic = table_cells("table1_thoracic")
    printed = ["84.5", "86.2", "78.3", "80.1", "", "", "80.7", "82.3", "81.2", "83.0", "82.1", "83.7"]
    assert [each.value for each in thoracic] == printed
    assert [each.model for each in thoracic if not each.published] == ["SegNet", "SegNet"]


def test_tables_stand_before_the_text_that_repeats_them():
    assert list(packaged_tables())[3:] == ["text_xue2025", "text_cnn_survey", "text_zheng2024"]
    assert [name for name in packaged_tables() if name.startswith("table")] == [
        "table1_lidc",
        "table1_thoracic",
        "table2_brats",
    ]


def test_unknown_table_is_an_error_that_names_the_tables():
    with pytest.raises(ClaimsError) as caught:
        table_cells("../secrets")
    assert "table1_lidc" in caught.value.do
