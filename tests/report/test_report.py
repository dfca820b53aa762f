import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from reproduce.errors import ClaimsError, ResultsError
from reproduce.protocol import NO_DOCUMENT
from reproduce.provenance import write_json
from reproduce.report.report import look, write_report
from reproduce.results.folders import read_run
from reproduce.results.verdict_words import CELL_WORDS, STATEMENT_WORDS
from reproduce.results.writer import write_results

VOID = {"meta", "br", "input", "img", "line", "rect", "circle", "path", "image", "use"}


class Page(HTMLParser):
    """What a page holds: tags with their attributes, text, and whether every element is closed in its order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


@pytest.fixture
def written(results, tmp_path):
    return write_report(results, tmp_path / "figures", tmp_path / "out" / "report.html", papers=())


@pytest.fixture
def page(written):
    return Page(written.read_text(encoding="utf-8"))


def test_every_element_is_closed_and_every_id_is_there_once(page):
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_every_link_and_label_points_to_something(page):
    ids = set(page.values("id"))
    inner = [href for href in page.values("href") if not href.startswith("data:")]
    assert inner
    assert {href[1:] for href in inner if href.startswith("#")} <= ids
    assert all(href.startswith("#") for href in inner)
    assert {name for names in page.values("aria-labelledby") for name in names.split()} <= ids
    assert set(page.values("data-for")) <= ids


def test_nothing_is_loaded_from_elsewhere(written, page):
    text = written.read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest", text)
    assert all(source.startswith("data:image/png;base64,") for source in page.values("src"))
    assert "link" not in {tag for tag, _ in page.tags}
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


def test_every_printed_number_stands_there_with_ours_and_the_word(page):
    for shown in ("89.6", "85.7", "91", "0.812", "95.2", "93.5", "96.8", "0.894", "70.0", "80.0"):
        assert shown in page.text
    assert "6 of 8 cells" in page.text
    assert "Not comparable with the print: phantom, cpu profile." in page.text
    assert "prevalence of the two columns disjoint" in page.text


def test_every_part_is_there(page):
    text = page.text
    for part in (
        "Slices, from the worst patient to the best",
        "silent: ours",
        "preparation.size: 512 -> 96",
        "tested on phantom, cpu profile",
        "left out: 1 (no images)",
        "Folds: 4, by patient",
        "Provenance",
        "table1_thoracic ○ not run",
        "What the documents say without a table",
    ):
        assert part in text


def test_works_without_script(page):
    hidden = [(tag, attributes) for tag, attributes in page.tags if "hidden" in attributes]
    assert {attributes["class"] for _, attributes in hidden} == {"filter"}
    assert "button" not in {tag for tag, _ in page.tags}
    assert "onclick" not in " ".join(name for _, attributes in page.tags for name in attributes)


def test_pictures_and_drawings_have_words(page):
    drawings = [a for tag, a in page.tags if tag == "svg"]
    assert drawings
    assert all(a.get("role") == "img" and (a.get("aria-labelledby") or a.get("aria-label")) for a in drawings)
    assert all(a.get("alt") for tag, a in page.tags if tag == "img")


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_small_and_the_same_bytes_twice(results, written, tmp_path):
    again = write_report(results, tmp_path / "figures", tmp_path / "again.html", papers=())
    assert written.read_bytes() == again.read_bytes()
    assert written.stat().st_size < 1_000_000


def test_text_of_results_cannot_become_markup(results, tmp_path):
    folder = results / "table1_lidc" / "phantom-cpu"
    protocol = read_run(folder).protocol
    protocol["title"] = "<script>alert(1)</script> & co"
    write_json(folder / "protocol.json", protocol)
    text = write_report(results, tmp_path, tmp_path / "r.html", papers=()).read_text(encoding="utf-8")
    assert text.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text


def test_paper_of_the_readers_own_is_audited_beside_the_documents(results, tmp_path):
    paper = tmp_path / "mine.csv"
    paper.write_text(
        "document,place,model,data,metric,unit,value\nDoe,T1,Net,ISIC,iou,%,76.1\nDoe,T1,Net,ISIC,dice,%,86.4\n"
    )
    text = write_report(results, tmp_path, tmp_path / "r.html", papers=[paper]).read_text(encoding="utf-8")
    assert 'id="audit-mine-csv"' in text


def test_broken_results_or_paper_write_nothing(results, tmp_path):
    output = tmp_path / "r.html"
    with pytest.raises(ClaimsError):
        write_report(results, tmp_path, output, papers=[tmp_path / "none.csv"])
    (results / "table1_lidc" / "phantom-cpu" / "table.csv").unlink()
    with pytest.raises(ResultsError):
        write_report(results, tmp_path, output, papers=())
    with pytest.raises(ResultsError):
        write_report(tmp_path / "none", tmp_path, output, papers=())
    assert not output.exists()


def of_kind(folder, kind):
    """Write the same run as one of another kind."""
    write_json(folder / "protocol.json", {**read_run(folder).protocol, "kind": kind})


def test_a_run_of_a_new_kind_is_shown(results, tmp_path):
    of_kind(results / "table1_lidc" / "phantom-cpu", "regression")
    text = write_report(results, tmp_path, tmp_path / "r.html", papers=()).read_text(encoding="utf-8")
    assert '<section id="table1_lidc-phantom-cpu"' in text


def test_a_run_of_a_kind_that_cannot_be_shown_is_refused_by_name(results, tmp_path):
    folder = results / "table1_lidc" / "phantom-cpu"
    of_kind(folder, "regression")
    (folder / "table.csv").unlink()
    with pytest.raises(ResultsError, match="a run of kind 'regression'") as caught:
        write_report(results, tmp_path, tmp_path / "r.html", papers=())
    assert caught.value.where == str(folder)


def test_a_comparison_is_named_with_the_file_that_shows_it(results, tmp_path):
    of_kind(results / "table1_lidc" / "phantom-cpu", "comparison")
    text = Page(write_report(results, tmp_path, tmp_path / "r.html", papers=()).read_text(encoding="utf-8")).text
    assert "its table is results/table1_lidc/phantom-cpu/table.md" in text


def test_every_word_has_a_look_and_a_sign_so_that_colour_is_not_needed():
    looks = {word: look(word) for word in (*CELL_WORDS, *STATEMENT_WORDS)}
    assert looks["within"] == looks["supported"] == ("good", "✓")
    assert looks["not comparable"][0] == "open"
    signs = {css: {sign for c, sign in looks.values() if c == css} for css in ("good", "bad", "open")}
    assert not signs["good"] & signs["bad"]
    assert not signs["good"] & signs["open"]


def test_a_table_of_ours_is_said_to_be_ours(make_run, tmp_path):
    run = make_run("phantom")
    ours = replace(run.experiment, table="table7", printed=False, document=NO_DOCUMENT)
    ours = replace(run, experiment=ours, cells=(), texts=())
    write_results(ours, tmp_path / "results" / "table7" / "phantom-paper")
    text = Page(write_report(tmp_path / "results", tmp_path, tmp_path / "out.html", papers=()).read_text()).text
    assert "No document prints this table: the protocol is ours" in text
    assert "Which model is better, tested on phantom" in text
    assert "Printed and reproduced" not in text
    assert "where the document is silent" not in text


EVIL = "'><script>alert(1)</script><b title='x"


def test_names_from_files_are_text_in_the_page(results, tmp_path):
    for path in results.glob("*/*/*"):
        if path.suffix in (".csv", ".json"):
            text = path.read_text(encoding="utf-8")
            for name in ("P1", "optimised_cnn", "nodule", "Table 1 by hand"):
                text = text.replace(name, name + EVIL)
            path.write_text(text, encoding="utf-8")
    for path in results.glob("*/published.csv"):
        path.write_text(path.read_text().replace("optimised_cnn", "optimised_cnn" + EVIL))
    text = write_report(results, tmp_path, tmp_path / "r.html", papers=()).read_text(encoding="utf-8")
    page = Page(text)
    assert "<script>alert(1)</script>" in page.text
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "alert(1)" not in text.partition("<script>")[2].partition("</script>")[0]
    assert page.open == []
    assert "x" not in page.values("title")
