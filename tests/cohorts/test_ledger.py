import pytest

from reproduce.cohorts.ledger import Ledger, LedgerEntry
from reproduce.errors import CohortError

ENTRIES = (
    LedgerEntry("b", "2", "out", "chest X-ray"),
    LedgerEntry("a", "1", "in", "CT, with annotation"),
    LedgerEntry("b", "3", "out", "chest X-ray"),
)


def test_entries_are_sorted_and_counted():
    ledger = Ledger(ENTRIES)
    assert [entry.scan for entry in ledger.entries] == ["1", "2", "3"]
    assert (ledger.n_of("in"), ledger.n_of("out")) == (1, 2)
    assert ledger.reasons() == {("in", "CT, with annotation"): 1, ("out", "chest X-ray"): 2}


def test_asserted_counts_hold_or_name_the_reasons():
    ledger = Ledger(ENTRIES)
    ledger.require_counts(n_in=1, n_out=2)
    with pytest.raises(CohortError, match=r"1018 scans in and 0 out, got 1 in and 2 out .*2 out: chest X-ray"):
        ledger.require_counts(n_in=1018, n_out=0)


def test_an_empty_ledger_has_nothing_in_it():
    ledger = Ledger(())
    assert ledger.reasons() == {}
    ledger.require_counts(n_in=0, n_out=0)
    with pytest.raises(CohortError, match="nothing found"):
        ledger.require_counts(n_in=1, n_out=0)


def test_a_scan_entered_twice_is_refused():
    with pytest.raises(CohortError, match="the first of them 2"):
        Ledger((*ENTRIES, LedgerEntry("c", "2", "in", "CT")))


@pytest.mark.parametrize(("status", "reason"), [("maybe", "CT"), ("in", "")])
def test_an_entry_has_a_status_and_a_reason(status, reason):
    with pytest.raises(CohortError, match="with a reason"):
        LedgerEntry("a", "1", status, reason)


def test_csv_is_sorted_quoted_and_ends_its_lines_with_lf(tmp_path):
    path = tmp_path / "new" / "ledger.csv"
    Ledger(ENTRIES).write_csv(path)
    assert path.read_bytes() == (
        b'patient,scan,status,reason\na,1,in,"CT, with annotation"\nb,2,out,chest X-ray\nb,3,out,chest X-ray\n'
    )
    assert [file.name for file in path.parent.iterdir()] == ["ledger.csv"]
