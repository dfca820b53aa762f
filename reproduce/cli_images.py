"""Subcommands on images and models: inspect, convert, predict, export; each imports what it needs when it runs."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Annotated, Literal

import tyro

from reproduce.errors import STOPPED, ArgumentError


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
    from reproduce.results.terminal import terminal_width

    contents = inspect_path(path, with_range=range, console=Console(stderr=True))
    shown = Names(contents.root, names, contents.patients)
    sys.stdout.write(contents_json(contents, shown) if json else contents_text(contents, shown, width=terminal_width()))
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

    from reproduce.intake.contents import plural
    from reproduce.intake.convert import Options
    from reproduce.intake.convert import convert as convert_all

    options = Options(format, overwrite, consensus, min_readers)
    done = convert_all(input, output, options=options, show_names=names, console=Console(stderr=True))
    sys.stdout.write("".join(f"{path}\n" for path in done.written))
    sys.stderr.write("".join(f"remark: {text}\n" for text in done.remarks))
    sys.stderr.write("".join(f"not converted: {text}\n" for text in done.fault_lines))
    sys.stdout.write(f"{plural(len(done.written), 'file')} written, {plural(len(done.faults), 'fault')}\n")
    return 1 if done.faults else 0


def predict(
    paths: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="INPUT... OUTPUT")],
    model: Path,
    format: Literal["nifti", "seg"] = "nifti",
    geometry: Literal["sform", "qform"] | None = None,
    names: bool = False,
) -> int:
    """Write what a trained model sees in images, on the grid of each image.

    INPUT is a NIfTI file, a slice or the folder of a series of CT, MR or PET, or a folder with many of them; OUTPUT a
    folder, or for one image a file that ends in .nii, .nii.gz or .dcm. Exit code 1 where some of several images could
    not be predicted, each with its error; 2 for a single one, a wrong model or a wrong output; 130 after Ctrl-C. Files
    that are written are whole.

    Args:
        paths: Images and folders of images, and last the output.
        model: A .keras file that says how it wants its input; see reproduce.prediction.model_file.save_model.
        format: Label maps as NIfTI, or for DICOM series DICOM SEG.
        geometry: Which to take where the two geometries of a NIfTI file contradict each other. Left out: it is refused.
        names: Keep names of files and folders below the inputs. Left out: stand-ins for what is not public.
    """
    from rich.console import Console

    from reproduce.imaging.nifti_header import GeometryChoice
    from reproduce.prediction.command import predict as predict_all
    from reproduce.prediction.quick_start import load_alone

    if len(paths) < 2:
        got, do = " ".join(map(str, paths)) or "nothing", "reproduce predict --model MODEL.keras INPUT... OUTPUT"
        raise ArgumentError(expected="at least one input, and an output", got=got, where="command line", do=do)
    choice = GeometryChoice(both=geometry)
    *inputs, output = paths
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")  # what it warns of is read, mended or refused here
        done = predict_all(
            model,
            inputs,
            output,
            format=format,
            choice=choice,
            load=load_alone,
            console=Console(stderr=True),
            show_names=names,
        )
    sys.stdout.write(f"{output}: {len(done.files)} of {done.n_planned} written\n")
    return STOPPED if done.stopped else 1 if done.failed else 0


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
