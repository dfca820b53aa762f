"""A cohort of LIDC-IDRI to look at, and the two commands, run in this process."""

import shutil
from types import SimpleNamespace

import pytest

from reproduce.phantoms.writers.lctsc import write_lctsc_cohort


@pytest.fixture
def lidc(phantom_root, tmp_path):
    """A copy of the phantom patients, with the folders of their series."""
    root = tmp_path / "lidc"
    shutil.copytree(phantom_root, root)
    return SimpleNamespace(root=root, series=sorted({path.parent for path in root.rglob("*.dcm")}))


@pytest.fixture(scope="session")
def thoracic_root(tmp_path_factory):
    """One phantom patient with a structure set of organs; nobody may change it."""
    root = tmp_path_factory.mktemp("lctsc")
    write_lctsc_cohort(root, n_patients=1, seed=5, matrix=64, n_slices=6, slice_spacing_mm=3.0, workers=1)
    return root
