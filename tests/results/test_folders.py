import pytest

from reproduce.errors import ResultsError
from reproduce.results.folders import damage_named, find_runs, optional_number, read_object, read_rows, read_run


def test_runs_are_sorted_and_know_what_they_are(results):
    runs = find_runs(results, ())
    assert [run.name for run in runs] == ["table1_lidc/lidc_idri-paper", "table1_lidc/phantom-cpu"]
    assert [run.caveats for run in runs] == [(), ("phantom", "cpu profile")]
    assert runs[0].title == "Table 1 by hand"


def test_names_choose_tables_or_runs(results):
    assert len(find_runs(results, ["table1_lidc"])) == 2
    assert [run.path.name for run in find_runs(results, ["table1_lidc/phantom-cpu/"])] == ["phantom-cpu"]


def test_unknown_name_lists_the_known(results):
    with pytest.raises(ResultsError) as caught:
        find_runs(results, ["table1_lidc", "table9"])
    assert caught.value.got == "'table9'"
    assert "table1_lidc" in caught.value.do


def test_no_folder_and_no_run(tmp_path):
    with pytest.raises(ResultsError, match="expected a folder of results, got nothing there"):
        find_runs(tmp_path / "none", ())
    with pytest.raises(ResultsError, match="expected at least one run, got none"):
        find_runs(tmp_path, ())


_ABOUT = '{"kind": "segmentation", "document": "000", "source": "phantom", "profile": "cpu"%s}'


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "Expecting value"),
        ("[]", "got list"),
        ('{"profile": "cpu"}', "got none of kind, document, source"),
        (_ABOUT % "", "got none of changed_from_paper"),
        (_ABOUT % ', "changed_from_paper": "no"', "got none of changed_from_paper"),
        (_ABOUT % ', "changed_from_paper": ["size: 512 -> 96"]', "got none of changed_from_paper"),
    ],
)
def test_broken_protocol(tmp_path, text, got):
    (tmp_path / "protocol.json").write_text(text)
    with pytest.raises(ResultsError, match=got):
        read_run(tmp_path)


def test_a_run_that_changes_nothing_has_no_caveat(tmp_path):
    text = (_ABOUT % ', "changed_from_paper": []').replace("phantom", "real")
    (tmp_path / "protocol.json").write_text(text)
    assert read_run(tmp_path).caveats == ()


def test_rows_keep_text_as_it_is(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n01,"x, y"\n,z\n')
    assert read_rows(tmp_path / "t.csv", ["a"]) == [{"a": "01", "b": "x, y"}, {"a": "", "b": "z"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got no a"),
        (b"b\n1\n", "got no a"),
        (b"a,b\n1\n", "expected 2 fields"),
        (b"a,b\n1,2,3\n", "expected 2 fields"),
        (b'a,b\n"1,2\n', "expected a CSV"),
        (b"a,b\n\xff,1\n", "expected UTF-8 text"),
    ],
)
def test_broken_rows(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ResultsError, match=message):
        read_rows(tmp_path / "t.csv", ["a"])


def test_missing_files_name_themselves(tmp_path):
    for read in (lambda path: read_rows(path, []), read_object):
        with pytest.raises(ResultsError) as caught:
            read(tmp_path / "x")
        assert caught.value.where == str(tmp_path / "x")


def test_number_or_nothing():
    assert optional_number("1.5", "x") == 1.5
    assert optional_number("", "x") != optional_number("", "x")
    assert optional_number("-1.5e-05", "x") == -1.5e-05


@pytest.mark.parametrize("text", ["many", "nan", "inf", "1_000", "0x10", "\u0661\u0662", "1e999", " 1", "9" * 5000])
def test_what_is_no_finite_decimal_is_refused(text):
    with pytest.raises(ResultsError, match="expected a number or nothing, got ") as caught:
        optional_number(text, "x")
    assert len(str(caught.value)) < 200


def test_what_other_content_raises_names_the_folder_and_keeps_its_cause(tmp_path):
    with (
        pytest.raises(ResultsError, match="files as a run writes them, got KeyError: 'metric'") as caught,
        damage_named(tmp_path),
    ):
        {}["metric"]
    assert caught.value.where == str(tmp_path)
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_no_content_raises_goes_through(tmp_path):
    for error in (AssertionError("ours"), ZeroDivisionError(), MemoryError(), NameError("typing_error")):
        with pytest.raises(type(error)), damage_named(tmp_path):
            raise error
    with pytest.raises(ResultsError, match="already said"), damage_named(tmp_path):
        raise ResultsError(expected="already said", got="x", where="y", do="z")
