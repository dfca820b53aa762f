"""Our hippocampus model, as one fold of the table trained it, for `reproduce predict` and for programs without Keras.

python experiments/hippocampus_decathlon.py --data-root Task04_Hippocampus
python experiments/hippocampus_export.py --data-root Task04_Hippocampus --output models
reproduce predict --model models/hippocampus.keras CASES... OUTPUT
"""

import sys
from pathlib import Path

import keras
import tyro

from reproduce import paths, run
from reproduce.cohorts.decathlon import HIPPOCAMPUS
from reproduce.errors import DataNotFoundError, ReproduceError
from reproduce.imaging.intensity import ZScore
from reproduce.papers.decathlon.arms import BOX, LEAN
from reproduce.papers.decathlon.protocol import LABELS
from reproduce.papers.decathlon.table import CPU
from reproduce.prediction.export import Exported, export_model
from reproduce.prediction.recipe import ORGAN, TISSUE, Code, Recipe, Region
from reproduce.training.determinism import leave_gpus_to_workers
from reproduce.training.job import views
from reproduce.training.state import read_best

ROOT = Path(__file__).resolve().parents[1]
# SNOMED CT has no code for the front and the back part that DICOM's lists would take; both are hippocampus.
CONCEPT = Code("5366008", "Hippocampus")
RECIPE = Recipe(
    n_axes=3,
    size=BOX,
    channels=HIPPOCAMPUS.modalities,
    intensity=ZScore(within="image"),
    regions=(
        Region("background", 0, TISSUE, TISSUE),
        *(Region(label, i, ORGAN, CONCEPT) for i, label in enumerate(LABELS, start=1)),
    ),
    threshold=None,
)


def export(data_root: Path, output: Path, fold: int = 0, onnx: bool = False) -> Exported:
    """Write the weights of one fold in float32 as .keras and SavedModel.

    Args:
        data_root: Folder that the table was run on.
        output: Folder of the files, made if need be.
        fold: Whose training; its test cases are those that the model has never seen.
        onnx: ONNX too, which needs `pip install 'reproduce[export]'`.
    """
    leave_gpus_to_workers()
    cache = paths.cache_dir(ROOT)
    prepared = CPU.preparation.cohort(paths.existing_folder(data_root, holding="a task of the Decathlon"), cache)
    seen = views(CPU, prepared, cache=cache)
    jobs = run.jobs_of(CPU, prepared, run.folds_of(CPU, seen.patients), cache=cache)
    found = [job for job in jobs if job.arm.name == LEAN and job.fold.index == fold and job.done]
    if not found:
        raise DataNotFoundError(
            expected=f"a finished training of fold {fold}",
            got="none of this protocol, data and code",
            where=cache / "runs",
            do="run experiments/hippocampus_decathlon.py with the same --data-root first",
        )
    keras.config.set_dtype_policy("float32")
    model = found[0].arm.build(BOX, n_channels=1, n_regions=1 + len(LABELS))
    read_best(found[0].folder, model)
    return export_model(model, output, name="hippocampus", recipe=RECIPE, onnx=onnx)


if __name__ == "__main__":
    try:
        print(tyro.cli(export))
    except ReproduceError as error:
        sys.exit(f"{type(error).__name__}: {error}")
