"""What can be said of means over folds without a search: counts that are at hand, and folds of equal prevalence."""

from __future__ import annotations

from collections.abc import Sequence

from reproduce.audit.columns import levels_of, rates_of
from reproduce.audit.finding import Finding, Quantity, Witness, finding_of, ratio
from reproduce.audit.fold_search import prints
from reproduce.audit.matrix_checks import conflict_of_pair
from reproduce.audit.prevalence import prevalence
from reproduce.audit.printed import Cell
from reproduce.errors import ClaimsError


def witness_finding(cells: Sequence[Cell], witness: Sequence[Witness]) -> Finding:
    """Return that all the cells are means over the folds whose counts are given.

    Args:
        cells: One test set.
        witness: One for each model of the cells; all have the same folds.

    Raises:
        ClaimsError: The counts of a model do not print its cells, or the models have other folds.
    """
    make_ups = [[(m.tp + m.fn, m.fp + m.tn) for m in each.matrices] for each in witness]
    by_model = {each.model: each.matrices for each in witness}
    for model in dict.fromkeys(cell.model for cell in cells):
        if not prints(levels_of(cell for cell in cells if cell.model == model), by_model.get(model, ())):
            do = "search for other counts"
            raise ClaimsError(expected="counts of folds with the printed means", got="others", where=model, do=do)
    if any(make_up != make_ups[0] for make_up in make_ups):
        do = "give every model the same positives and negatives in each fold"
        raise ClaimsError(expected="one make-up of the folds", got="several", where=cells[0].data, do=do)
    shares = ", ".join(f"{float(100 * p / (p + n)):.1f} %" for p, n in make_ups[0])
    return finding_of(
        "one test set, as means over folds",
        cells,
        verdict="consistent",
        reading="folds",
        brief=f"{len(make_ups[0])} folds of unequal make-up print every cell",
        explanation="Means over folds are not bound by the identities of one confusion matrix: where the folds differ "
        "in their share of positives, the counts given here print every cell.",
        values=[Quantity("positives in the folds", shares)],
        witness=witness,
    )


def equal_folds_finding(one: Sequence[Cell], other: Sequence[Cell]) -> Finding:
    """Return whether two columns can be means over folds that all have the same share of positives.

    With the same p in every fold the mean accuracy is p S + (1 - p) C of the mean sensitivity S and the mean
    specificity C, which is the identity of one confusion matrix: the columns need one p.

    Args:
        one: Cells of `RATES`, in that order.
        other: The same of another model on the same folds.
    """
    cells = (*one, *other)
    possible = [prevalence(rates_of(column)) for column in (one, other)]
    shared = possible[0].meet(possible[1]) if possible[0] and possible[1] else None
    texts = [ratio(each, 4) if each else "none" for each in possible]
    return finding_of(
        "one test set, as means over folds",
        cells,
        verdict="inconsistent" if shared is None else "undetermined",
        reading="equal folds",
        brief="no share of positives fits both columns" if shared is None else f"only at {ratio(shared, 4)} positives",
        explanation="If every fold has the same share of positives, the mean accuracy is tied to the mean sensitivity "
        "and the mean specificity as in one confusion matrix, and both columns need that one share.",
        values=[
            Quantity(f"prevalence, {column[0].model}", text, each)
            for column, text, each in zip((one, other), texts, possible, strict=True)
        ],
        conflict=conflict_of_pair(cells) if shared is None else (),
    )
