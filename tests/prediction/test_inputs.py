"""What paths stand for: files, folders of files, series of DICOM; looked at by their headers alone."""

import os
import shutil

import numpy as np
import pytest

from reproduce.errors import ArgumentError, DataNotFoundError, GeometryError, ImageAxesError, NotAnImageError
from reproduce.imaging.nifti_header import REFUSE, GeometryChoice
from reproduce.phantoms.writers.lidc import write_lidc_cohort
from reproduce.prediction import inputs
from reproduce.prediction.inputs import NiftiImage, SeriesImage, require_channels

AFFINE = np.diag([-1.0, -1.0, 1.0, 1.0])


def find_inputs(paths, **options):
    """The images, named as their files are."""
    return inputs.find_inputs(paths, show_names=True, **options)


@pytest.fixture
def save(toy, tmp_path):
    def at(name, shape=(4, 3, 2)):
        return toy.save_nifti(tmp_path / name, np.zeros(shape, np.float32), AFFINE)

    return at


def test_files_in_their_order_and_folders_sorted(save, tmp_path):
    z, a, b, c = save("z.nii"), save("in/a.nii.gz"), save("in/deep/b.v2.nii.gz"), save("in/c.nii")
    save("in/._a.nii.gz")
    save("in/.hidden/d.nii.gz")
    (tmp_path / "in" / "notes.txt").touch()
    images = find_inputs([z, tmp_path / "in"])
    assert [(image.name, image.path) for image in images] == [("z", z), ("a", a), ("c", c), ("deep/b.v2", b)]


def test_series_are_named_by_their_folder_or_their_uid(tmp_path, phantom_root):
    images = find_inputs([phantom_root])
    assert len(images) == 3
    for image in images:
        folder = phantom_root / image.name
        assert {path.parent for path in image.files.files} == {folder}
        assert image.where == folder
    (one,) = find_inputs([phantom_root / images[0].name])
    assert one.name == (phantom_root / images[0].name).name
    flat = tmp_path / "flat"
    flat.mkdir()
    for i, image in enumerate(images[:2]):
        for path in image.files.files:
            (flat / f"{i}_{path.name}").write_bytes(path.read_bytes())
    uids = sorted(image.files.series_uid for image in images[:2])
    assert [image.name for image in find_inputs([flat])] == [f"flat/{uid}" for uid in uids]


def test_a_folder_that_cannot_be_listed_is_left_out_and_the_others_are_found(phantom_root, tmp_path, monkeypatch):
    shutil.copytree(phantom_root, tmp_path / "in")
    closed = tmp_path / "in" / find_inputs([phantom_root])[0].name
    for name in ("scandir", "listdir"):
        monkeypatch.setattr(os, name, refusing(closed, getattr(os, name)))
    errors = []
    assert len(find_inputs([tmp_path / "in"], leave_out=errors.append)) == 2
    assert [(type(error), error.where) for error in errors] == [(DataNotFoundError, str(closed))]
    with pytest.raises(DataNotFoundError, match="a folder that can be listed"):
        find_inputs([closed])


def refusing(closed, list_folder):
    def refuse(path):
        if os.fspath(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(closed))
        return list_folder(path)

    return refuse


def test_slices_without_preamble_above_a_broken_file_are_refused_by_their_headers(phantom_root, tmp_path):
    for path in find_inputs([phantom_root])[0].files.files:
        (tmp_path / "in" / "below").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes()[132:])
    (tmp_path / "in" / "below" / "1.dcm").write_bytes(path.read_bytes()[:300])
    (image,) = find_inputs([tmp_path / "in"])
    with pytest.raises(NotAnImageError, match=r"1\.dcm"):
        image.header()


def test_a_folder_of_both(tmp_path, save):
    write_lidc_cohort(tmp_path, n_patients=1, seed=1, matrix=64, n_slices=4, slice_spacing_mm=5.0, workers=1)
    save("a.nii.gz")
    assert {type(image) for image in find_inputs([tmp_path])} == {NiftiImage, SeriesImage}


def test_what_is_no_image(save, tmp_path):
    with pytest.raises(DataNotFoundError, match="nothing there"):
        find_inputs([tmp_path / "none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataNotFoundError, match="an empty folder"):
        find_inputs([tmp_path / "empty"])
    (tmp_path / "empty" / "a.txt").touch()
    with pytest.raises(DataNotFoundError, match="of DICOM only CT, MR and PET are read"):
        find_inputs([tmp_path / "empty"])
    with pytest.raises(DataNotFoundError, match=r"a\.txt"):
        find_inputs([tmp_path / "empty" / "a.txt"])


def test_a_pipe_is_no_image(tmp_path):
    os.mkfifo(tmp_path / "a.nii.gz")
    with pytest.raises(DataNotFoundError, match="neither a file nor a folder"):
        find_inputs([tmp_path / "a.nii.gz"])


def test_a_name_that_is_no_text_is_left_out(save, tmp_path):
    good = save("in/a.nii.gz")
    os.link(good, bytes(tmp_path / "in") + b"/\xff.nii.gz")
    with pytest.raises(ArgumentError, match=r"a name that a file below a folder can have, got '.udcff'"):
        find_inputs([tmp_path / "in"])
    errors = []
    assert [image.name for image in find_inputs([tmp_path / "in"], leave_out=errors.append)] == ["a"]
    assert [type(error) for error in errors] == [ArgumentError]


def test_two_images_of_one_name_are_refused(save):
    one, two = save("x/a.nii.gz"), save("y/a.nii")
    with pytest.raises(ArgumentError, match="'a' twice"):
        find_inputs([one, two])
    with pytest.raises(ArgumentError, match="'a' twice"):
        find_inputs([one, one])
    assert [image.name for image in find_inputs([one.parents[1]])] == ["x/a", "y/a"]


@pytest.mark.parametrize(
    ("shape", "channels", "fits"),
    [
        ((4, 3, 2), 1, True),
        ((4, 3, 2, 1), 1, True),
        ((4, 3, 2, 4), 4, True),
        ((4, 3, 2, 4), 1, False),
        ((4, 3, 2, 3), 4, False),
        ((4, 3, 2), 4, False),
        ((4, 3), 1, False),
        ((4, 3, 2, 1, 3), 1, False),
    ],
)
def test_axes_and_channels_are_held_to_the_model(save, shape, channels, fits):
    (image,) = find_inputs([save("a.nii.gz", shape)])
    names = tuple(f"c{i}" for i in range(channels))
    if fits:
        require_channels(image, names, REFUSE)
        assert image.read(REFUSE).voxels.shape == ((2, 3, 4) if channels == 1 else (2, 3, 4, channels))
    else:
        got = f"{len(shape)} axes of {' x '.join(map(str, shape))} voxels"
        with pytest.raises(ImageAxesError, match=got):
            require_channels(image, names, REFUSE)


def test_a_ct_has_one_channel(phantom_root):
    image = find_inputs([phantom_root])[0]
    require_channels(image, ("CT",), REFUSE)
    with pytest.raises(ImageAxesError, match="a CT series, which has one"):
        require_channels(image, ("T1", "T2"), REFUSE)
    assert image.read().volume.unit == "HU"


def test_geometries_that_contradict_each_other_are_refused_until_one_is_chosen(tmp_path):
    import nibabel as nib

    image = nib.Nifti1Image(np.zeros((4, 3, 2), np.float32), AFFINE)
    image.set_sform(AFFINE, 1)
    moved = AFFINE.copy()
    moved[0, 3] = 5
    image.set_qform(moved, 1)
    image.to_filename(tmp_path / "a.nii.gz")
    (found,) = find_inputs([tmp_path / "a.nii.gz"])
    with pytest.raises(GeometryError, match=r"5\.000 mm"):
        require_channels(found, ("MRI",), REFUSE)
    choice = GeometryChoice(both="qform")
    require_channels(found, ("MRI",), choice)
    assert found.read(choice).affine[0, 3] == -5  # to the left in LPS


def test_a_file_that_is_no_nifti_is_refused_by_its_header(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"no image")
    with pytest.raises(NotAnImageError, match=r"a\.nii\.gz"):
        require_channels(find_inputs([tmp_path])[0], ("MRI",), REFUSE)
