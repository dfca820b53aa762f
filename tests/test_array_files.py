"""Archives of arrays: read whole, or refused before anything is allocated that they do not hold."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from reproduce.array_files import read_arrays
from reproduce.errors import ResultsError


def write(path, **members):
    """An archive of arrays; bytes are a member as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in members.items():
            archive.writestr(f"{name}.npy", array if isinstance(array, bytes) else npy(array))
    return path


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def read(path, names=None):
    return read_arrays(path, names, error=ResultsError, do="run it again")


def test_arrays_come_back_by_name_all_of_them_where_none_is_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(6).reshape(2, 3), b=np.array(["x", "y"]))
    assert list(read(path)) == ["a", "b"]
    assert list(read(path, ["b"])) == ["b"]
    np.testing.assert_array_equal(read(path)["a"], [[0, 1, 2], [3, 4, 5]])
    assert read(path)["b"].tolist() == ["x", "y"]


def test_what_is_no_archive_or_lacks_an_array_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no archive")
    for path in (tmp_path / "a.npz", tmp_path / "absent.npz", tmp_path):
        with pytest.raises(ResultsError, match="expected an archive of arrays"):
            read(path)
    with pytest.raises(ResultsError, match="expected an archive with b, got KeyError"):
        read(write(tmp_path / "b.npz", a=np.zeros(2)), ["b"])


def test_text_that_is_none_is_refused(tmp_path):
    whole = npy(np.array(["ab"]))
    for code in (b"\xff\xff\xff\xff", b"\x00\xd8\x00\x00"):
        with pytest.raises(ResultsError, match="holds numbers that are no characters"):
            read(write(tmp_path / "a.npz", a=whole[:-8] + code + whole[-4:]))


@pytest.mark.parametrize("kind", ["|u1", "<U0", "|V0"])
def test_an_array_that_asks_for_more_than_its_file_is_refused_before_it_is_allocated(tmp_path, kind):
    whole = npy(np.zeros((4, 28, 28), np.uint8)).replace(b"(4, 28, 28)", b"(400000, 9)").replace(b"|u1", kind.encode())
    path = write(tmp_path / "a.npz", a=whole)
    tracemalloc.start()
    try:
        with pytest.raises(ResultsError, match="3600000 bytes, of 3264"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_member_that_says_it_is_longer_than_its_archive_can_be_is_refused(tmp_path):
    path = write(tmp_path / "a.npz", a=npy(np.zeros(4, np.uint8)).replace(b"(4,)", b"(9999999,)"))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24  # the length of the member in the directory of the archive
    content[at : at + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ResultsError, match="of 2147483648"):
        read(path)
