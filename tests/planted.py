"""Forty identifiers, and what plants them into scans: names, dates, institutions, numbers, private tags and paths."""

import gzip
import re
import zipfile

import pydicom

# Keywords of DICOM with a value that says who was scanned, where or when.
TEXTS = {
    "PatientName": "Zwetschgenbaum^Adalbert",
    "PatientID": "MRN-7741993",
    "OtherPatientIDs": "OTHER-5512087",
    "PatientBirthName": "Quittenberg",
    "PatientMotherBirthName": "Holunderin",
    "PatientAddress": "Ahornallee 17",
    "PatientTelephoneNumbers": "0049-6221-993311",
    "EthnicGroup": "Atlantean",
    "Occupation": "Bellfounder",
    "PatientComments": "neighbour of Grünwald",
    "MilitaryRank": "Feldscher",
    "CountryOfResidence": "Ruritania",
    "InstitutionName": "Spital Kastanienhof",
    "InstitutionAddress": "Lindenplatz 3",
    "InstitutionalDepartmentName": "Radiologie Nord",
    "StationName": "CT-KELLER-4",
    "ReferringPhysicianName": "Birnbaum^Theodora",
    "PerformingPhysicianName": "Wacholder^Emil",
    "OperatorsName": "Schlehdorn^Ida",
    "NameOfPhysiciansReadingStudy": "Eberesche^Kuno",
    "PhysiciansOfRecord": "Hasel^Berta",
    "RequestingPhysician": "Weide^Otto",
    "AccessionNumber": "ACC-9927714",
    "StudyID": "ST-447712",
    "StudyDescription": "Thorax Zwetschgenbaum",
    "SeriesDescription": "axial Zwetschgenbaum A",
    "ProtocolName": "Lunge Dr. Birnbaum",
    "DeviceSerialNumber": "SN-88123746",
    "AdmissionID": "ADM-331177",
    "PatientBirthDate": "19370419",
    "StudyDate": "20170831",
    "SeriesDate": "20170901",
    "AcquisitionDate": "20170902",
    "ContentDate": "20170903",
    "StudyTime": "131759",
    "FrameOfReferenceUID": "1.2.276.0.7230010.3.1.4.99.1",
    "StudyInstanceUID": "1.2.276.0.7230010.3.1.2.99.2",
}
SERIES = "1.2.276.0.7230010.3.1.3.99.3"
FOLDER, PRIVATE_TAG, ROI = "Zwetschgenbaum_Adalbert_1937", "PRIV-Lärchenfeld", "GTV Dr. Birnbaum"
FILE, MRN = "Zwetschgenbaum", "7741993"
PLANTED = (*TEXTS.values(), SERIES, FOLDER, PRIVATE_TAG, ROI, FILE, MRN)
# A SEG must say whose it is, of which study, and which images it refers to.
_OF_A_SEG = (
    *("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"),
    *("ReferringPhysicianName", "StudyInstanceUID", "FrameOfReferenceUID"),
)
OF_A_SEG = {*(TEXTS[keyword] for keyword in _OF_A_SEG), SERIES, FILE, MRN}


def plant(root):
    """Write the identifiers into every DICOM file below a folder."""
    for path in root.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in TEXTS.items():
            setattr(dataset, keyword, value)
        for item in dataset.get("StructureSetROISequence", ()):
            item.ReferencedFrameOfReferenceUID = TEXTS["FrameOfReferenceUID"]
        dataset.private_block(0x0011, "HOSPITAL", create=True).add_new(1, "LO", PRIVATE_TAG)
        dataset.save_as(path)


def plant_cohort(root):
    """Make a cohort of phantoms in the layout of LIDC-IDRI one of a hospital: nothing in it has a public name."""
    for number, folder in enumerate(sorted(path for path in root.iterdir() if path.is_dir()), start=1):
        plant(folder)
        (folder / "phantom.json").unlink()
        slices = sorted(folder.rglob("*.dcm"))
        series = str(pydicom.dcmread(slices[0]).SeriesInstanceUID)
        uids = {series: f"{SERIES}.{number}"}
        for i, path in enumerate(slices, start=1):
            dataset = pydicom.dcmread(path)
            uids[str(dataset.SOPInstanceUID)] = f"{SERIES}.{number}.{i}"
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{SERIES}.{number}.{i}"
            dataset.SeriesInstanceUID = uids[series]
            dataset.StudyInstanceUID, dataset.PatientID = (
                f"{TEXTS['StudyInstanceUID']}.{number}",
                f"{TEXTS['PatientID']}-{number}",
            )
            dataset.save_as(path)
        for path in folder.rglob("*.xml"):
            text = re.sub(
                r"2\.25\.\d+", lambda uid, uids=uids: uids.get(uid[0], SERIES), path.read_text(encoding="utf-8")
            )
            path.write_text(text.replace(">phantom-reader-", f">{TEXTS['ReferringPhysicianName']} "), encoding="utf-8")
        for path in sorted(folder.rglob("*"), key=lambda path: -len(path.parts)):
            path.rename(path.with_name(f"{FILE} {path.name}"))
        folder.rename(root / f"{FOLDER}_{number}")


def leaks(text):
    """The identifiers that a text, or bytes, hold; a number counts where it stands alone, since digests have digits."""
    content = text if isinstance(text, bytes) else text.encode(errors="surrogateescape")
    return [planted for planted, pattern in _PATTERNS.items() if pattern.search(content)]


def leaks_of(path):
    """The identifiers in the name of a file and in its bytes, and in those of an archive's members."""
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        content = gzip.decompress(content)
    elif path.suffix in (".npz", ".keras"):
        with zipfile.ZipFile(path) as archive:
            content = b"\n".join(name.encode() + archive.read(name) for name in archive.namelist())
    found = {*leaks(path.name), *leaks(content)}
    is_seg = path.suffix == ".dcm" and pydicom.dcmread(path, stop_before_pixels=True).Modality == "SEG"
    return sorted(found - OF_A_SEG if is_seg else found)


def _pattern(planted):
    alone = (r"(?<![\w.])", r"(?!\w)") if planted.isdigit() else ("", "")
    codes = {re.escape(planted.encode(code)) for code in ("utf-8", "latin-1")}
    return re.compile(alone[0].encode() + b"(" + b"|".join(sorted(codes)) + b")" + alone[1].encode())


_PATTERNS = {planted: _pattern(planted) for planted in PLANTED}
