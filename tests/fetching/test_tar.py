"""A .tar.gz of strangers: as with zips, nothing outside the target, all or nothing."""

import io
import tarfile
from hashlib import md5
from pathlib import Path

import pytest

from seldbench.contracts import Quiet
from seldbench.datasets._publication import Archive, Publication, RemoteFile
from seldbench.errors import BadFile, UnknownName
from seldbench.fetching import fetch, fetch_publication
from seldbench.fetching.unpacking import unpack

FILES = {"./bed/0a7c2a8d_nohash_0.wav": b"w" * 5000, "./README.md": b"r", "LICENSE": b"l"}


def packed(files, **odd):
    """The bytes of a .tar.gz. odd: fields of a further member."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        if odd:
            member = tarfile.TarInfo(odd.pop("name"))
            for field, value in odd.items():
                setattr(member, field, value)
            archive.addfile(member)
    return made.getvalue()


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path):
    def write(content):
        path = tmp_path / "words.tar.gz"
        path.write_bytes(content)
        return [path]

    return write


def test_all_files_are_there_without_the_dot_in_front(archive, target):
    assert unpack(archive(packed(FILES)), target, Quiet()) == ["LICENSE", "README.md", "bed"]
    assert (target / "bed" / "0a7c2a8d_nohash_0.wav").read_bytes() == b"w" * 5000


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"name": "../out.wav"}, "lead out"),
        ({"name": "/etc/out"}, "no name below a folder"),
        ({"name": "bed/a/../../../out"}, "lead out"),
        ({"name": "link", "type": tarfile.SYMTYPE, "linkname": "/etc"}, "link or a special"),
        ({"name": "hard", "type": tarfile.LNKTYPE, "linkname": "LICENSE"}, "link or a special"),
        ({"name": "pipe", "type": tarfile.FIFOTYPE}, "link or a special"),
        ({"name": "license"}, "twice"),
    ],
)
def test_what_is_not_to_be_trusted_changes_nothing(archive, target, tmp_path, odd, why):
    with pytest.raises(BadFile, match=why):
        unpack(archive(packed(FILES, **odd)), target, Quiet())
    assert list(target.iterdir()) == []
    assert {p.name for p in tmp_path.iterdir()} == {"set", "words.tar.gz"}


@pytest.mark.parametrize("damage", [lambda b: b[:-900], lambda b: b"no archive" * 99])
def test_a_damaged_archive_changes_nothing(archive, target, damage):
    content = packed({"a.wav": bytes(range(256)) * 300, **FILES})
    with pytest.raises(BadFile, match="damaged"):
        unpack(archive(damage(content)), target, Quiet())
    assert list(target.iterdir()) == []


def test_a_set_of_one_archive_is_fetched_without_naming_parts(tmp_path, site, told):
    content = packed(FILES)
    site.content["words.tar.gz"] = content
    found = Publication(
        record="https://example.org",
        files=f"{site.address}/{{name}}",
        folder="words",
        archives=(Archive("all", (RemoteFile("words.tar.gz", md5(content).hexdigest()),)),),
        checksums="the test",
        standard=("all",),
    )
    folder = fetch_publication(found, tmp_path, found.standard, told)
    assert (folder / "README.md").read_bytes() == b"r"


def test_audioset_is_not_fetched_and_others_are_named(tmp_path):
    with pytest.raises(UnknownName, match=r"audioset cannot be fetched.*esc50, speech_commands_v2"):
        fetch("audioset", tmp_path)


@pytest.mark.parametrize("name", ["esc50", "speech_commands_v2"])
def test_the_published_sets_have_checksums_and_a_source_that_says_them(name):
    from seldbench import registry

    publication = registry.find("datasets", name).publication
    files = [file for archive in publication.archives for file in archive.files]
    assert all(len(file.md5) == 32 for file in files)
    assert ".py" in publication.checksums
    with pytest.raises(UnknownName, match="no part 'foa'; there are all"):
        fetch_publication(publication, Path(), ("foa",), Quiet())
