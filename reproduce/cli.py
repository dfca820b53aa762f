"""The command `reproduce`: audit printed numbers, list data sets, compare results, redraw figures, write the report.

A subcommand imports what it needs when it runs: `diff`, `audit` and `datasets` answer at once because they never load
TensorFlow, pandas or matplotlib.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from reproduce.errors import ArgumentError, ReproduceError
from reproduce.papers.data_sets import Task

Format = Literal["text", "json", "md"]
Results = Annotated[Path, tyro.conf.arg(help="Folder of all results.")]
_WIDEST = 160
_STOPPED = 130  # as a shell says of a program that Ctrl-C ended


def audit(
    csv: tyro.conf.Positional[Path | None] = None,
    format: Format = "text",
) -> int:
    """Check printed numbers against each other: which of them no run can print together.

    Exit code 0; 2 where the CSV cannot be read, with its line, its column and what to do.

    Args:
        csv: A table of any paper in the form of docs/claims_csv.md. Left out: the five documents.
        format: Text for a terminal, JSON with exact intervals, or Markdown.
    """
    from reproduce.audit.audit import audit as audit_cells
    from reproduce.audit.printed import read_cells
    from reproduce.audit.render import findings_json, findings_markdown, findings_text
    from reproduce.papers.documents import document_findings
    from reproduce.paths import existing_file

    findings = document_findings() if csv is None else audit_cells(read_cells(existing_file(csv)))
    texts = {"json": findings_json, "md": findings_markdown, "text": lambda f: findings_text(f, width=_width())}
    sys.stdout.write(texts[format](findings))
    return 0


def datasets(
    names: tyro.conf.Positional[tuple[str, ...]] = (),
    document: str | None = None,
    task: Task | None = None,
    format: Format = "text",
) -> int:
    """List the data sets that the documents name: who may have them, what reads them here, what is wrong in print.

    Exit code 0; 2 for a name that is not listed, with those that come near.

    Args:
        names: Show these in full, by any of their names. Left out: one line for each.
        document: Only those that this document names; it is called by its room or its number.
        task: Only those that serve this task.
        format: Text for a terminal, JSON with every field, or Markdown.
    """
    from reproduce.papers import data_set_list as show
    from reproduce.papers import data_sets

    listed = data_sets.chosen(data_sets.data_sets(), document=document, task=task)
    found = [data_sets.find(name, among=listed) for name in names]
    width, colour = _width(), sys.stdout.isatty()
    if format != "text":
        sys.stdout.write({"json": show.list_json, "md": show.list_markdown}[format](found or listed))
    elif found:
        sys.stdout.write("\n".join(show.detail_text(each, width=width, colour=colour) for each in found))
    else:
        sys.stdout.write(show.list_text(listed, width=width, colour=colour))
    return 0


def diff(
    tables: tyro.conf.Positional[tuple[str, ...]] = (),
    format: Format = "text",
    results: Results = Path("results"),
) -> int:
    """Set every printed cell beside ours, with interval, delta, verdict and reason; statements with their test.

    Exit code 0 where everything is within, 1 where something is outside (or unreachable, or a statement contradicted),
    2 where something could not be compared: a phantom, a reduced profile, no results, or a broken file.

    Args:
        tables: Tables, as table1_lidc, or single runs, as table1_lidc/phantom-cpu. Left out: all that have been run.
        format: Text for a terminal, JSON, or Markdown.
        results: Folder of all results.
    """
    from reproduce.results.diff import diff_run, exit_code
    from reproduce.results.diff_render import diff_json, diff_markdown, diff_text
    from reproduce.results.folders import damage_named, find_runs

    with damage_named(results):
        runs = find_runs(results, tables)
    diffs = []
    for run in runs:
        with damage_named(run.path):
            diffs.append(diff_run(run))
    colour = sys.stdout.isatty()
    texts = {"json": diff_json, "md": diff_markdown, "text": lambda d: diff_text(d, width=_width(), colour=colour)}
    with damage_named(results):
        text, code = texts[format](diffs), exit_code(diffs)
    sys.stdout.write(text)
    return code


def figures(
    tables: tyro.conf.Positional[tuple[str, ...]] = (),
    results: Results = Path("results"),
    figures: Path = Path("figures"),
) -> int:
    """Draw every figure again from the results files.

    Args:
        tables: Tables or single runs. Left out: all that have been run.
        results: Folder of all results.
        figures: Folder of all figures.
    """
    from reproduce.papers.drawing import draw_runs
    from reproduce.results.folders import damage_named

    with damage_named(results):
        for path in draw_runs(results, tables, figures):
            sys.stdout.write(f"{path}\n")
    return 0


def report(
    output: Path = Path("report.html"),
    papers: tuple[Path, ...] = (),
    results: Results = Path("results"),
    figures: Path = Path("figures"),
) -> int:
    """Write one HTML file with all of it: tables, verdicts, curves, slices, cases, audit, protocol, provenance.

    Args:
        output: The file to write.
        papers: Tables of your own in the form of docs/claims_csv.md, to be audited beside the documents.
        results: Folder of all results.
        figures: Folder of all figures.
    """
    from reproduce.paths import existing_file
    from reproduce.report.report import write_report

    written = write_report(results, figures, output, papers=[existing_file(path) for path in papers])
    sys.stdout.write(f"{written} ({written.stat().st_size / 1e6:.2f} MB)\n")
    return 0


def statements(
    document: tyro.conf.Positional[str],
    results: Results = Path("results"),
    figures: Path = Path("figures"),
) -> int:
    """Write the list of a document's statements with verdicts, and by what each contradicted one is, as one page.

    It goes to results/document<number>/statements.md. Exit code 0; 2 where no table of statements has been run.

    Args:
        document: Room or number of the document.
        results: Folder of all results.
        figures: Folder of all figures, which the page links to.
    """
    from reproduce.report.statement_list import write_statement_page

    sys.stdout.write(f"{write_statement_page(document, results, figures)}\n")
    return 0


def inspect(
    path: tyro.conf.Positional[Path],
    json: bool = False,
    names: bool = False,
    range: bool = False,
) -> int:
    """Say what a folder or file of images holds: patients, series, structures, reads, labels, layout, faults.

    Exit code 0, faults or not; 2 where nothing is there that is read here.

    Args:
        path: A folder, or one file.
        json: JSON with stable keys instead of text.
        names: Show names of patients, files and structures as they are. Left out: stand-ins for what is not public.
        range: Decode all pixels, for the range of values.
    """
    from rich.console import Console

    from reproduce.intake.names import Names
    from reproduce.intake.render import contents_json, contents_text
    from reproduce.intake.survey import inspect as inspect_path

    contents = inspect_path(path, with_range=range, console=Console(stderr=True))
    shown = Names(contents.root, names, contents.patients)
    sys.stdout.write(contents_json(contents, shown) if json else contents_text(contents, shown, width=_width()))
    return 0


def convert(
    input: tyro.conf.Positional[Path],
    output: tyro.conf.Positional[Path],
    format: Annotated[Literal["nifti", "seg"], tyro.conf.arg(name="as")] = "nifti",
    overwrite: bool = False,
    names: bool = False,
    consensus: float = 0.5,
    min_readers: int = 1,
) -> int:
    """Write DICOM series as NIfTI, and structure sets, reads of LIDC-IDRI and SEG as masks on their grids.

    Exit code 0; 1 where something could not be converted, which is listed, and the rest is written; 2 for nothing to
    convert.

    Args:
        input: A folder, or one file.
        output: A folder outside of it.
        format: Label maps as NIfTI; or masks as DICOM SEG, and no series.
        overwrite: Write over files that are there.
        names: Keep names of patients, files and structures. Left out: stand-ins for what is not public.
        consensus: Share of the readers of LIDC-IDRI who have a voxel inside.
        min_readers: Readers of LIDC-IDRI who must have outlined a nodule.
    """
    from rich.console import Console

    from reproduce.intake.convert import Options
    from reproduce.intake.convert import convert as convert_all

    options = Options(format, overwrite, consensus, min_readers)
    done = convert_all(input, output, options=options, show_names=names, console=Console(stderr=True))
    sys.stdout.write("".join(f"{path}\n" for path in done.written))
    sys.stderr.write("".join(f"remark: {text}\n" for text in done.remarks))
    sys.stderr.write("".join(f"not converted: {text}\n" for text in done.faults))
    sys.stdout.write(f"{len(done.written)} files written, {len(done.faults)} faults\n")
    return 1 if done.faults else 0


def predict(
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="INPUT... OUTPUT")],
    model: Path,
    format: Literal["nifti", "seg"] = "nifti",
    geometry: Literal["sform", "qform"] | None = None,
) -> int:
    """Write what a trained model sees in images, on the grid of each image.

    INPUT is a NIfTI file, a slice or the folder of a CT series, or a folder with many of either; OUTPUT a folder, or
    for one image a file that ends in .nii, .nii.gz or .dcm. Exit code 1 where some of several images could not be
    predicted, each with its error; 2 for a single one, a wrong model or a wrong output; 130 after Ctrl-C. Files that
    are written are whole.

    Args:
        paths: Images and folders of images, and last the output.
        model: A .keras file that says how it wants its input; see reproduce.prediction.model_file.save_model.
        format: Label maps as NIfTI, or for CT series DICOM SEG.
        geometry: Which to take where the two geometries of a NIfTI file contradict each other. Left out: it is refused.
    """
    from rich.console import Console

    from reproduce.imaging.nifti_header import GeometryChoice
    from reproduce.prediction.command import predict as predict_all
    from reproduce.prediction.quick_start import load_alone

    if len(paths) < 2:
        got, do = " ".join(map(str, paths)) or "nothing", "reproduce predict --model MODEL.keras INPUT... OUTPUT"
        raise ArgumentError(expected="at least one input, and an output", got=got, where="command line", do=do)
    choice = GeometryChoice(both=geometry)
    console = Console(stderr=True)
    *inputs, output = paths
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")  # what it warns of is read, mended or refused here
        done = predict_all(model, inputs, output, format=format, choice=choice, load=load_alone, console=console)
    sys.stdout.write(f"{output}: {len(done.files)} of {done.n_planned} written\n")
    return _STOPPED if done.stopped else 1 if done.failed else 0


def export(
    table: tyro.conf.Positional[str],
    output: tyro.conf.Positional[Path],
    arm: str | None = None,
    fold: int = 0,
    seed: int | None = None,
    profile: Literal["paper", "cpu", "smoke"] = "cpu",
    data_root: Path | None = None,
    project: Path = Path(),
    onnx: bool = False,
) -> int:
    """Write the model of a finished training as a .keras file that `reproduce predict` takes.

    Exit code 0; 2 where that training is not finished, with those that are.

    Args:
        table: Name of the table's results folder, e.g. table1_lidc or ablation_brats.
        output: A file that ends in .keras; or a folder, for SavedModel and the recipe as JSON beside it.
        arm: Name of the arm. Left out: the last of the table.
        fold: Whose training; its test patients are those that the model has never seen.
        seed: Random seed of the training. Left out: the first.
        profile: Under which it was trained.
        data_root: Folder of the real data that it was trained on. Left out: $REPRODUCE_DATA, or else the phantom.
        project: Folder that holds experiments/.
        onnx: ONNX too, in a folder; needs the extra `export`.
    """
    from reproduce import paths
    from reproduce.prediction.export import export_model
    from reproduce.prediction.model_file import SUFFIX, save_model
    from reproduce.tasks.export import experiment_of, finished_model
    from reproduce.training.determinism import leave_gpus_to_workers

    experiment = experiment_of(table, profile, scripts=project / "experiments")
    leave_gpus_to_workers()
    cache = paths.cache_dir(project.absolute())
    root = paths.data_root(data_root) or cache / "phantoms" / f"{experiment.table}-{profile}"
    root = paths.existing_folder(root, holding="the data that the table was run on")
    model, recipe = finished_model(experiment, root, cache, arm=arm, fold=fold, seed=seed)
    if output.suffix == SUFFIX:
        save_model(model, output, recipe=recipe)
    else:
        export_model(model, output, name=table, recipe=recipe, onnx=onnx)
    sys.stdout.write(f"{output}\n")
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the subcommand's exit code, 2 with one text for an error, 130 after Ctrl-C.

    Args:
        arguments: Arguments of the command line; None takes the process's own.
    """
    commands: dict[str, Callable[..., int]] = {
        "audit": audit,
        "convert": convert,
        "datasets": datasets,
        "diff": diff,
        "export": export,
        "figures": figures,
        "inspect": inspect,
        "predict": predict,
        "report": report,
        "statements": statements,
    }
    description = "Printed numbers of papers, audited and set beside what a rerun gives."
    given = sys.argv[1:] if arguments is None else arguments
    try:
        _require_utf8(given)
        code = tyro.extras.subcommand_cli_from_dict(
            commands, prog="reproduce", description=description, args=given, config=(tyro.conf.FlagCreatePairsOff,)
        )
    except ReproduceError as error:
        code = _refused(f"{type(error).__name__}: {error}")
    except BrokenPipeError:  # the reader of our output, e.g. `head`, has seen enough
        sys.stdout = None
        code = 0
    except OSError as error:  # no permission, a folder where a file is to be written, no space
        where = " and ".join(str(path) for path in (error.filename, error.filename2) if path is not None) or "unknown"
        do = "check the path, its permissions and the space on the disk"
        code = _refused(f"{type(error).__name__}: {error.strerror or error}\n  where: {where}\n  do:    {do}")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        code = _STOPPED
    sys.exit(code)


def _refused(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


def _require_utf8(arguments: Sequence[str]) -> None:
    """Return if all arguments are text: a path of other bytes could be neither shown nor recorded."""
    for argument in arguments:
        if any(0xDC80 <= ord(c) <= 0xDCFF for c in argument):  # how Python keeps bytes that are no UTF-8
            do = "rename the file"
            raise ArgumentError(expected="names in UTF-8", got=ascii(argument), where="command line", do=do)


def _width() -> int:
    return max(40, min(_WIDEST, shutil.get_terminal_size(fallback=(_WIDEST, 24)).columns))
