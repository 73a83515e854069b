"""Zips in volumes, read as one: against zips that the tests cut, and Info-ZIP's own where it is."""

import random
import shutil
import struct
import subprocess
import zipfile
import zlib

import pytest

from seldbench.errors import BadFile
from seldbench.fetching.split_zip import open_zip


def noise(size, seed):
    return random.Random(seed).randbytes(size)


FILES = {f"foa_dev/dev-train/{i}.bin": noise(4000 + 1500 * i, i) for i in range(6)}


def write(folder, volumes):
    names = [f"a.z{i:02d}" for i in range(1, len(volumes))] + ["a.zip"]
    for name, content in zip(names, volumes):
        (folder / name).write_bytes(content)
    return [folder / name for name in names]


@pytest.mark.parametrize("size", [3000, 7000, 20000, 47000])
def test_every_file_of_a_split_zip_is_read_whatever_the_volumes_cut(
    tmp_path, make_zip, split_zip, size
):
    volumes = write(tmp_path, split_zip(make_zip(FILES), size))
    assert len(volumes) > 1
    with open_zip(volumes) as archive:
        assert archive.testzip() is None
        assert {n: archive.read(n) for n in archive.namelist()} == FILES


def test_the_table_of_contents_itself_may_be_cut(tmp_path, make_zip, split_zip):
    whole = make_zip(FILES)
    begin = whole.index(b"PK\1\2")
    volumes = write(tmp_path, split_zip(whole, begin + 104))
    assert len(volumes) == 2
    with open_zip(volumes) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 6


def test_one_volume_is_an_ordinary_zip(tmp_path, make_zip):
    (path,) = write(tmp_path, [make_zip(FILES)])
    with open_zip([path]) as archive:
        assert archive.testzip() is None


def test_64_bit_fields_of_an_entry_are_kept(tmp_path, split_zip):
    import io

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        with archive.open("a.bin", "w", force_zip64=True) as file:
            file.write(noise(9000, 1))
        archive.writestr("b.bin", noise(500, 2))
    volumes = write(tmp_path, split_zip(made.getvalue(), 5000))
    with open_zip(volumes) as archive:
        assert archive.read("a.bin") == noise(9000, 1)
        assert archive.read("b.bin") == noise(500, 2)


def test_a_missing_volume_is_said(tmp_path, make_zip, split_zip):
    volumes = write(tmp_path, split_zip(make_zip(FILES), 10000))
    with pytest.raises(BadFile, match=rf"{len(volumes)} volumes, but {len(volumes) - 1} are given"):
        open_zip(volumes[1:])


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\5\6" + b"\0" * 8])
def test_what_is_no_zip_is_said(tmp_path, content):
    volumes = write(tmp_path, [b"PK\7\x08" + b"x" * 99, content])
    with pytest.raises(BadFile, match=r"a\.zip: not a zip that can be read"):
        open_zip(volumes)


@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not installed")
def test_what_info_zip_splits_is_read(tmp_path):
    files = {f"foa_dev/{i}.bin": noise(50_000 + 9000 * i, i) for i in range(5)}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    subprocess.run(["zip", "-q", "-r", "-s", "64k", "a.zip", "foa_dev"], cwd=tmp_path, check=True)
    volumes = [*sorted(tmp_path.glob("a.z[0-9]*")), tmp_path / "a.zip"]
    assert len(volumes) > 3
    with open_zip(volumes) as archive:
        found = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    assert found == files


def entry(name, size, crc, volume, offset):
    """(local header, entry in the table of contents) of a stored file."""
    common = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, crc, size, size, len(name), 0)
    tail = struct.pack("<3H2L", 0, volume, 0, 0, offset)
    return b"PK\3\4" + common + name, b"PK\1\2" + b"\x14\0" + common + tail + name


def test_a_file_more_than_4_gib_into_the_archive_is_found(tmp_path):
    # As foa_dev of TAU-NIGENS 2021: a volume of exactly 2**32 bytes, then a second one.
    edge, content = 2**32, b"behind the edge"
    first, first_listed = entry(b"a.wav", edge - 4 - 35, 0, 0, 4)
    second, second_listed = entry(b"b.wav", len(content), zlib.crc32(content), 1, 0)
    table = first_listed + second_listed
    begin = len(second) + len(content)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 1, 1, 2, 2, len(table), begin, 0)
    volumes = write(tmp_path, [b"PK\7\x08" + first, second + content + table + end])
    with volumes[0].open("r+b") as file:
        file.truncate(edge)  # a hole: it takes no space
    with open_zip(volumes) as archive:
        assert [info.header_offset for info in archive.infolist()] == [4, edge]
        assert archive.read("b.wav") == content
