"""What `reproduce inspect` says of whole and of damaged folders, and what it keeps to itself."""

import json
import os
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom

KEYS = [
    *("n_files", "patients", "studies", "series", "layouts", "structures", "reads", "segments", "nifti", "arrays"),
    *("left_out", "faults", "n_faults"),
]


def change(path, **elements):
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)


def inspected(run, *arguments):
    done = run("inspect", *arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_whole_cohort(run, lidc):
    found = inspected(run, lidc.root)
    assert set(found) == set(KEYS)
    assert (found["patients"], len(found["series"]), found["n_faults"]) == (3, 3, 0)
    assert [(one["name"], one["in"], one["out"]) for one in found["layouts"]] == [("LIDC-IDRI", 3, 0)]
    first = found["series"][0]
    assert (first["shape_zyx"], first["unit"], first["orientation_xyz"]) == ([6, 64, 64], "HU", "LPS")
    assert first["spacing_zyx_mm"][0] == 2.5
    assert first["range"] is None
    assert all(one["readers"] == 4 and one["nodules"] >= 1 for one in found["reads"])
    assert {one["reason"] for one in found["left_out"]} == {"no reader for .json"}  # the phantoms' parameters


def test_the_page_on_reading_shows_what_is_printed(run, lidc):
    page = (Path(__file__).parents[2] / "docs" / "reading.md").read_text()
    shown = page.partition("    files: ")[2].partition("    no faults")[0]
    lines = [line.strip() for line in f"files: {shown}".splitlines() if line.strip() not in ("", "...")]
    assert len(lines) == 9
    out = run("inspect", lidc.root).out
    for line in lines:
        pattern = r"\s+".join(re.escape(word).replace(re.escape("..."), r"\S+") for word in line.split())
        assert re.search(pattern, out), line


def test_range_is_of_the_voxels(run, lidc):
    from reproduce.imaging import read_series

    voxels = read_series(lidc.series[0]).volume.voxels
    (found,) = inspected(run, lidc.series[0], "--range")["series"]
    assert found["range"] == [voxels.min(), voxels.max()]


def test_nodules_are_those_that_the_table_reads(run, lidc):
    from reproduce.cohorts.lidc import find_cohort, read_nodules

    counts = [len(read_nodules(scan, consensus=0.5)) for scan in find_cohort(lidc.root).scans]
    assert sorted(one["nodules"] for one in inspected(run, lidc.root)["reads"]) == sorted(counts)


def test_structures_find_their_ct(run, thoracic_root):
    found = inspected(run, thoracic_root)
    (structures,) = found["structures"]
    assert structures["series"] == found["series"][0]["series"]
    assert all(one["contours"] > 0 for one in structures["structures"])
    assert [(one["name"], one["in"]) for one in found["layouts"]] == [("LCTSC", 1)]


def test_one_broken_series_leaves_the_others(run, lidc):
    path = sorted(lidc.series[0].glob("*.dcm"))[2]
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 100)
    found = inspected(run, lidc.root)
    faults = [one["fault"] and one["fault"]["error"] for one in found["series"]]
    assert sorted(faults, key=str) == [None, None, "PixelDecodeError"]
    assert found["n_faults"] == 1
    shown = inspected(run, lidc.root, "--names")["faults"]
    assert [one["path"] for one in shown] == [path.relative_to(lidc.root).as_posix()]


def test_a_broken_folder_leaves_the_series_of_the_others(run, lidc):
    for path in lidc.series[0].glob("*.dcm"):
        path.write_bytes(path.read_bytes()[:400])
    found = inspected(run, lidc.root)
    assert len(found["series"]) == 2
    assert found["n_faults"] == 6


def test_a_series_in_several_folders_is_one_series(run, lidc):
    files = sorted(lidc.series[0].glob("*.dcm"), key=lambda p: pydicom.dcmread(p).ImagePositionPatient[2])
    (lidc.series[0] / "below").mkdir()
    for path in files[:3]:
        path.rename(path.parent / "below" / path.name)
    change(files[-1], PatientID="")  # whose folder is not the one of the others' series
    (lidc.series[0] / "below" / "own").mkdir()
    files[-1].rename(lidc.series[0] / "below" / "own" / "1.dcm")
    next((lidc.series[0] / "below").glob("*.dcm")).rename(lidc.series[0] / "below" / "own" / "2.dcm")
    found = inspected(run, lidc.series[0])
    assert [one["files"] for one in found["series"]] == [5, 1]


def test_pipes_and_links_are_faults_and_nothing_hangs(run, lidc):
    os.mkfifo(lidc.series[0] / "zzz.dcm")
    (lidc.series[1] / "zzz.dcm").symlink_to("/nowhere/x.dcm")
    os.mkfifo(lidc.root / "pipe.nii")  # beside no slices, so that no note of a series tells of it
    done = run("inspect", lidc.root)
    assert done.code == 0
    assert "no regular file" in done.out
    assert "a link to nothing" in done.out
    assert "nowhere" not in done.out
    assert done.out.endswith("\n3 faults\n")


def test_a_folder_that_cannot_be_listed_is_told_with_every_file_that_is_not_looked_at(run, lidc, monkeypatch):
    closed, scandir = lidc.series[0] / "closed", os.scandir
    closed.mkdir()

    def refuse(path):
        if os.fspath(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(closed))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    reasons = [one["reason"] for one in inspected(run, lidc.root)["faults"]]
    assert reasons.count("not looked at: a folder beside it cannot be listed") == 18
    assert len(reasons) == 19
    assert "a folder that cannot be listed: Permission denied" in reasons


def test_slices_beside_the_one_that_is_refused_say_so(run, lidc):
    first, *others = sorted(lidc.series[0].glob("*.dcm"))
    uid = str(pydicom.dcmread(first).SeriesInstanceUID).encode()
    for path in (first, *others):
        path.write_bytes(path.read_bytes().replace(uid, b"not a UID".ljust(len(uid), b"x")))
    next(lidc.series[0].glob("*.xml")).unlink()
    left = [one["reason"] for one in inspected(run, lidc.series[0])["left_out"]]
    assert left == ["in a folder whose series are refused"] * len(others)


def test_a_folder_of_localizers_alone_says_so(run, lidc):
    for path in lidc.series[0].glob("*.dcm"):
        change(path, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    next(lidc.series[0].glob("*.xml")).unlink()
    np.savez(lidc.series[0] / "1.npz", a=np.zeros(1))
    found = inspected(run, lidc.series[0])
    assert {one["reason"] for one in found["left_out"]} == {"no slice: a localizer or a secondary capture"}


def test_a_reason_of_many_files_is_hidden_once(run, lidc, monkeypatch):
    from reproduce.intake import names

    hidden, hide = [], names.hide_names
    monkeypatch.setattr(names, "hide_names", lambda text, root: hidden.append(text) or hide(text, root))
    inspected(run, lidc.root)
    run("inspect", lidc.root)
    assert hidden
    assert len(hidden) == len(set(hidden))


def test_a_missing_slice_is_a_fault(run, lidc):
    sorted(lidc.series[0].glob("*.dcm"))[2].unlink()
    assert "MissingSliceError" in run("inspect", lidc.series[0]).out


def test_two_reconstructions_in_one_series_are_a_fault(run, lidc):
    files = sorted(lidc.series[0].glob("*.dcm"), key=lambda p: pydicom.dcmread(p).ImagePositionPatient[2])
    for i, path in enumerate(files):
        change(path, ConvolutionKernel="AB"[i % 2])
    assert "SeveralSeriesError" in run("inspect", lidc.series[0]).out


def test_a_uid_that_is_a_path_is_a_fault_that_is_not_repeated(run, lidc):
    path = sorted(lidc.series[0].glob("*.dcm"))[0]
    uid = str(pydicom.dcmread(path).SeriesInstanceUID).encode()
    path.write_bytes(path.read_bytes().replace(uid, b"../../DOE".ljust(len(uid), b"x")))
    done = run("inspect", lidc.series[0])
    assert "a UID of digits and dots" in done.out
    assert "DOE" not in done.out


def test_structures_without_their_ct_are_a_fault(run, thoracic_root, tmp_path):
    (source,) = [p for p in thoracic_root.rglob("*.dcm") if pydicom.dcmread(p).Modality == "RTSTRUCT"]
    (tmp_path / "1.dcm").write_bytes(source.read_bytes())
    found = inspected(run, tmp_path)
    assert [one["fault"]["error"] for one in found["structures"]] == ["AnnotationMismatchError"]


def test_xml_of_an_unknown_encoding_is_a_fault(run, lidc):
    path = next(lidc.series[0].glob("*.xml"))
    path.write_bytes(path.read_bytes().replace(b"UTF-8", b"UTF-9"))
    found = inspected(run, lidc.root)
    assert [one["error"] for one in (r["fault"] for r in found["reads"]) if one] == ["AnnotationFormatError"]
    assert found["n_faults"] == 1


def test_nifti_whole_and_cut_short(run, tmp_path):
    voxels = np.zeros((6, 5, 4), np.uint8)
    voxels[1, 1, 1] = 3
    nib.Nifti1Image(voxels, np.diag([-1.0, -2.0, 3.0, 1.0])).to_filename(tmp_path / "1.nii")
    (tmp_path / "2.nii").write_bytes((tmp_path / "1.nii").read_bytes()[:-10])
    whole, cut = inspected(run, tmp_path)["nifti"]
    assert (whole["shape_ijk"], whole["spacing_ijk_mm"], whole["orientation_ijk"]) == ([6, 5, 4], [1, 2, 3], "LPS")
    assert (whole["labels"], whole["range"], whole["sform_code"], whole["fault"]) == ([0, 3], [0, 3], 2, None)
    assert cut["fault"]["error"] == "PixelDecodeError"


def test_what_is_broken_comes_first_and_its_fault_still_last(run, lidc):
    (path,) = lidc.series[0].glob("*.xml")
    path.write_bytes(path.read_bytes().replace(b"UTF-8", b"UTF-9"))
    head = next(line for line in run("inspect", lidc.root).out.splitlines() if "readers" in line and "path" in line)
    assert head.split() == ["path", "series", "readers", "marks", "nodules", "fault"]


def test_stand_ins_are_told_where_there_are_any(run, tmp_path):
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4))
    image.to_filename(tmp_path / "1.nii")
    assert "stand-ins" not in run("inspect", tmp_path).out
    image.to_filename(tmp_path / "Doe.nii")
    told = "path-...: stand-ins for names, which --names shows"
    assert told in run("inspect", tmp_path).out.splitlines()
    assert "stand-ins" not in run("inspect", tmp_path, "--names").out


def test_arrays(run, tmp_path):
    np.savez(tmp_path / "a.npz", train_images=np.zeros((2, 28, 28), np.uint8))
    found = inspected(run, tmp_path, "--names")
    assert found["arrays"][0]["arrays"] == [{"name": "train_images", "shape": [2, 28, 28], "type": "uint8"}]


def test_a_slice_stands_for_its_series(run, lidc):
    path = sorted(lidc.series[0].glob("*.dcm"))[0]
    (series,) = inspected(run, path)["series"]
    assert series["files"] == 6


SECRETS = ("DOE", "JOHN", "MRN-4711", "Smith", "for Dr. No")


def test_nothing_that_somebody_typed_is_shown_without_names(run, thoracic_root, tmp_path):
    folder = tmp_path / "DOE_JOHN"
    folder.mkdir()
    for path in sorted(thoracic_root.rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        dataset.PatientName, dataset.PatientID = "DOE^JOHN", "MRN-4711"
        dataset.SeriesDescription = "for Dr. No"
        if dataset.Modality == "RTSTRUCT":
            dataset.StructureSetROISequence[0].ROIName = "Heart Smith"
        dataset.save_as(folder / f"DOE_{path.parent.name[-5:]}_{path.name}")
    (folder / "DOE_broken.dcm").write_bytes(b"\0" * 300)
    for arguments in ([], ["--json"]):
        done = run("inspect", tmp_path, *arguments)
        assert [word for word in (*SECRETS, str(tmp_path)) if word in done.out + done.err] == []
    assert "structure 1" in done.out
    shown = run("inspect", tmp_path, "--names", "--json").out
    assert [word for word in SECRETS[1:] if word not in shown] == []
    assert str(tmp_path) not in shown


def test_nothing_to_see_is_one_error(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.csv").write_text("a,b\n")
    for name, got in {"none": "nothing there", "empty": "an empty folder", "text": "no reader for .csv"}.items():
        done = run("inspect", tmp_path / name)
        assert (done.code, done.out) == (2, "")
        assert got in done.err
        assert done.err.count("Error") == 1
