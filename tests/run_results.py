"""A small run of Table 1 of document 000 whose counts are chosen so that every number can be worked out by hand."""

import json
import shutil
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from reproduce.cohorts.splits import patient_folds, write_splits
from reproduce.figures.overlays import Overlay, write_overlays
from reproduce.metrics.confusion import Counts
from reproduce.metrics.formulas import HD95_MM, SURFACE_DICE
from reproduce.papers.cells import table_cells, text_cells
from reproduce.protocol import experiment as p
from reproduce.provenance import write_json
from reproduce.results.cases import CaseScore, SliceDecisions, case_frame, slice_frame, write_frame
from reproduce.results.diff import STATEMENT_COLUMNS
from reproduce.results.run_result import Run
from reproduce.results.writer import write_results

MODELS = ("unoptimised_cnn", "optimised_cnn")
PATIENTS = tuple(f"P{i}" for i in range(1, 9))
HITS = {"unoptimised_cnn": 60, "optimised_cnn": 80}


def _made(kind, **values):
    names = [field.name for field in fields(kind) if field.name != "because"]
    return kind(**values, because=dict.fromkeys(names, "silent: we use it because the test says so"))


def _experiment() -> p.Experiment:
    nothing = p.Call(dict, {})
    readings = (("accuracy", "slice", "pooled", 2.0), ("sensitivity", "slice", "pooled", 2.0))
    readings += (("specificity", "slice", "pooled", 2.0), ("dice", "pixel", "per_case", 0.02))
    return p.Experiment(
        table="table1_lidc",
        document="000",
        title="Table 1 by hand",
        source="lidc_idri",
        profile="paper",
        printed=True,
        phantom=nothing,
        preparation=_made(
            p.Preparation, size=512, intensity=p.Window(-1000.0, 400.0), cohort=nothing, regions={"nodule": ()}
        ),
        arms=tuple(_made(p.Arm, name=model, build=nothing, losses={}, augmentation=None) for model in MODELS),
        optimisation=_made(
            p.Optimisation,
            learning_rate=1e-3,
            decay_power=None,
            batch_size=32,
            micro_batch=32,
            max_epochs=2,
            patience=1,
            precision="float32",
        ),
        validation=_made(p.Validation, n_folds=4, validation_share=0.2, split_seed=0, seeds=(1,)),
        decision=_made(
            p.Decision,
            threshold=0.5,
            lesion_overlap=0.1,
            measured={"nodule": ("nodule",)},
            means={},
            surface_tolerance_mm=2.0,
        ),
        readings=tuple(
            _made(
                p.Reading,
                cell=metric,
                metric=metric,
                region="nodule",
                level=level,
                average=average,
                tolerance=tolerance,
            )
            for metric, level, average, tolerance in readings
        ),
        statements=tuple(p.Statement(MODELS[1], MODELS[0], metric, "000 7.1.1") for metric in ("accuracy", "dice")),
    )


def _cases() -> pd.DataFrame:
    """Of every patient 100 reference pixels in 10000, 20 pixels marked beside them; 10 slices, 5 of them positive.

    A model finds 60 or 80 pixels plus the patient's number, and 3 or 4 of the positive slices; both mark one negative
    slice.
    """
    scores = []
    for model in MODELS:
        for k, patient in enumerate(PATIENTS, start=1):
            key = (model, 1, (k - 1) % 4, patient, f"1.2.{k}", "nodule")
            hits, slices = HITS[model] + k, 3 if model == MODELS[0] else 4
            counts = Counts(tp=hits, fp=20, fn=100 - hits, tn=9880)
            scores.append(CaseScore(*key, "pixel", counts, {HD95_MM: 4.0 + k, SURFACE_DICE: 0.5}))
            scores.append(CaseScore(*key, "slice", Counts(tp=slices, fp=1, fn=5 - slices, tn=4), {}))
            scores.append(CaseScore(*key, "lesion", Counts(tp=1, fp=2, fn=0, tn=0), {}))
            scores.append(CaseScore(*key, "patient", Counts(tp=1, fp=0, fn=0, tn=0), {}))
    return case_frame(scores)


def _slices() -> pd.DataFrame:
    predicted = {MODELS[0]: "1110010000", MODELS[1]: "1111010000"}
    return slice_frame(
        [
            SliceDecisions(model, 1, (k - 1) % 4, patient, f"1.2.{k}", "1111100000", predicted[model])
            for model in MODELS
            for k, patient in enumerate(PATIENTS, start=1)
        ]
    )


def _history() -> pd.DataFrame:
    rows = [
        (model, 1, fold, epoch, 1.0 / (1 + epoch), 1.2 / (1 + epoch))
        for model in MODELS
        for fold in range(4)
        for epoch in range(3)
    ]
    return pd.DataFrame(rows, columns=["model", "seed", "fold", "epoch", "train_loss", "validation_loss"])


def _costs() -> pd.DataFrame:
    rows = [(model, 1000 * i, 10**6 * i, 2**20 * i) for i, model in enumerate(sorted(MODELS), start=1)]
    return pd.DataFrame(rows, columns=["model", "parameters", "multiply_adds", "activation_bytes"])


def _overlays() -> list[Overlay]:
    image = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))
    reference = np.zeros((48, 48), dtype=bool)
    reference[16:32, 16:32] = True
    missed = np.zeros_like(reference)
    found = np.roll(reference, 2, axis=1)
    return [
        Overlay(PATIENTS[i], 4, "Dice of the scan", image, reference, np.stack([missed, found]), (0.7, 0.7))
        for i in (0, 7)
    ]


@pytest.fixture(scope="session")
def experiment() -> p.Experiment:
    return _experiment()


@pytest.fixture(scope="session")
def cases() -> pd.DataFrame:
    return _cases()


@pytest.fixture(scope="session")
def slices() -> pd.DataFrame:
    return _slices()


@pytest.fixture(scope="session")
def overlays() -> list[Overlay]:
    return _overlays()


@pytest.fixture(scope="session")
def make_run(experiment, cases, slices):
    """Builds a run from a source and the size of its images; 512 is what the paper prints."""

    def build(source: str, size: int = 512) -> Run:
        used = replace(experiment, preparation=replace(experiment.preparation, size=size))
        used = used if size == 512 else replace(used, profile="cpu")
        printed = {"cells": table_cells(used.table), "texts": text_cells(used.table)} if used.printed else {}
        return Run(used, experiment, source, cases, slices, _history(), _costs(), **printed)

    return build


@pytest.fixture(scope="session")
def _written(make_run, overlays, tmp_path_factory):
    root = tmp_path_factory.mktemp("written") / "results"
    for run in (make_run("phantom", 96), make_run("lidc_idri")):
        folder = root / "table1_lidc" / f"{run.source}-{run.experiment.profile}"
        write_results(run, folder)
        for name, frame in {
            "cases": run.cases,
            "slices": run.slices,
            "history": run.history,
            "cost": run.costs,
        }.items():
            write_frame(frame, folder / f"{name}.csv")
        write_splits(patient_folds(PATIENTS, n_folds=4, validation_share=0.2, seed=0), folder / "splits.json")
        write_overlays(folder / "overlays.npz", overlays, MODELS)
        ledger = ["patient,scan,status,reason", *(f"{name},1.2.3,in,CT" for name in PATIENTS), "P9,1.2.4,out,no images"]
        (folder / "ledger.csv").write_text("\n".join(ledger) + "\n")
        write_json(
            folder / "provenance.json", {"commit": "abc", "versions": {"python": "3.11"}, "seconds": {"all": 1.5}}
        )
    return root


@pytest.fixture
def results(_written, tmp_path):
    """A results folder with one table, run on a phantom with reduced size and on the real source; free to be broken."""
    return shutil.copytree(_written, tmp_path / "results")


@pytest.fixture
def by_hand(tmp_path):
    """Writes a results folder cell by cell: (model, metric, unit, printed, ours, verdict), all with one tolerance."""

    def write(cells, *, table="table9", source="real", profile="paper", changed=(), statements=(), tolerance=2.0):
        folder = tmp_path / "results" / table / f"{source}-{profile}"
        folder.mkdir(parents=True)
        head = "model,metric,unit,value"
        printed = [f"{model},{metric},{unit},{value}" for model, metric, unit, value, _, _ in cells]
        ours = [f"{model},{metric},{unit},{value}" for model, metric, unit, _, value, _ in cells]
        (folder.parent / "published.csv").write_text("\n".join([head, *printed]) + "\n")
        (folder / "reproduced.csv").write_text("\n".join([head, *ours]) + "\n")
        rows = ["model,metric,level,average,n,value,ci_low,ci_high,published,delta,verdict"]
        for model, metric, _, value, own, word in cells:
            delta = float(own) - float(value) if value and own else ""
            rows.append(f"{model},{metric},slice,pooled,10,{own},,,{value},{delta},{word}")
        (folder / "table.csv").write_text("\n".join(rows) + "\n")
        lines = [",".join(STATEMENT_COLUMNS)]
        lines += [f"7.1,new,old,dice,pixel,9,0.6,0.5,Wilcoxon,0.01,0.02,0.8,,{word}" for word in statements]
        (folder / "statements.csv").write_text("\n".join(lines) + "\n")
        metrics = sorted({metric for _, metric, *_ in cells})
        plan = {"title": "A table", "readings": [{"metric": m, "tolerance": tolerance} for m in metrics]}
        plan["statements"] = [{"metric": "dice"} for _ in statements]
        changes = [{"field": field, "paper": before, "here": here} for field, before, here in changed]
        about = {"kind": "segmentation", "document": "000", "title": "A table", "source": source, "profile": profile}
        whole = {**about, "changed_from_paper": changes, "protocol": plan}
        (folder / "protocol.json").write_text(json.dumps(whole))
        return tmp_path / "results"

    return write
