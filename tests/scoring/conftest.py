"""Two folders of tiny label maps, and the command, run in this process."""

from types import SimpleNamespace

import numpy as np
import pytest

from reproduce.imaging import Volume, write_nifti

SHAPE = (4, 6, 8)


def labels(**boxes):
    """A label map [z, y, x]: label n is where `n1=slice` and so on say, e.g. `_1=np.s_[0, 0, :4]`."""
    voxels = np.zeros(SHAPE, dtype=np.uint8)
    for name, box in boxes.items():
        voxels[box] = int(name.removeprefix("_"))
    return voxels


@pytest.fixture
def masks(tmp_path):
    """Writes a case as prediction and reference, either of which may be None; has the two folders."""
    folders = SimpleNamespace(predictions=tmp_path / "pred", references=tmp_path / "ref")
    folders.predictions.mkdir()
    folders.references.mkdir()

    def write(name, prediction, reference, *, spacing=(2.0, 1.0, 1.0), affine=None):
        grid = np.diag([*spacing[::-1], 1.0]) if affine is None else affine
        for folder, voxels in ((folders.predictions, prediction), (folders.references, reference)):
            if voxels is not None:
                write_nifti(Volume(voxels, grid, "label"), folder / f"{name}.nii.gz", like=None)

    folders.write = write
    return folders
