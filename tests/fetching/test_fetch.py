"""`data fetch` against a server on this machine: what is interrupted, wrong, missing or there."""

import pytest

from seldbench.errors import BadFile, MissingData, UnknownName, WriteFailed
from seldbench.fetching import fetch, fetch_publication, unpacking

FOA = {f"foa_dev/dev-train/fold1_room1_mix00{i}.wav": bytes([i]) * 70_000 for i in range(1, 4)}
METADATA = {"metadata_dev/dev-train/fold1_room1_mix001.csv": b"0,1,0,10,0\n"}


@pytest.fixture
def set_(publish, make_zip, split_zip):
    """Two parts: recordings in three volumes, metadata in one."""
    import random

    noise = {name: random.Random(name).randbytes(70_000) for name in FOA}
    cut = split_zip(make_zip(noise), 90_000)
    assert len(cut) == 3
    names = ["foa_dev.z01", "foa_dev.z02", "foa_dev.zip"]
    parts = {
        "foa": dict(zip(names, cut)),
        "metadata": {"metadata_dev.zip": make_zip(METADATA)},
    }
    return parts, noise, lambda **options: publish(parts, **options)


def found(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for top in ("foa_dev", "metadata_dev")
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
    }


def test_volumes_are_fetched_joined_and_unpacked(tmp_path, set_, told):
    _, noise, publication = set_
    folder = fetch_publication(publication(), tmp_path, ("foa", "metadata"), told)
    assert folder == tmp_path / "made"
    assert found(folder) == noise | METADATA
    assert "foa_dev.z01: 0.1 MB, 0.0 MB of it here" in told.text
    assert any(task == "fetching foa_dev.z02" for task, _, _ in told.steps)


def test_only_the_parts_asked_for_are_fetched(tmp_path, set_, site, told):
    fetch_publication(set_[2](), tmp_path, ("metadata",), told)
    assert {name for _, name, _ in site.asked} == {"metadata_dev.zip"}
    assert found(tmp_path / "made") == METADATA


def test_what_is_there_is_not_fetched_again(tmp_path, set_, site, told):
    publication = set_[2]()
    fetch_publication(publication, tmp_path, ("foa", "metadata"), told)
    asked = len(site.asked)
    fetch_publication(publication, tmp_path, ("foa", "metadata"), told)
    assert len(site.asked) == asked
    assert "foa_dev.zip: unpacked already" in told.text


def test_archives_may_be_removed_once_they_are_unpacked(tmp_path, set_, site, told):
    publication = set_[2]()
    folder = fetch_publication(publication, tmp_path, ("metadata",), told)
    (folder / "archives" / "metadata_dev.zip").unlink()
    asked = len(site.asked)
    fetch_publication(publication, tmp_path, ("metadata",), told)
    assert len(site.asked) == asked


def test_an_archive_that_is_there_is_unpacked_again_where_its_folder_was_removed(
    tmp_path, set_, site, told
):
    publication = set_[2]()
    folder = fetch_publication(publication, tmp_path, ("metadata",), told)
    (folder / "metadata_dev" / "dev-train" / "fold1_room1_mix001.csv").unlink()
    (folder / "metadata_dev" / "dev-train").rmdir()
    (folder / "metadata_dev").rmdir()
    fetch_publication(publication, tmp_path, ("metadata",), told)
    assert found(folder) == METADATA
    assert site.gets("metadata_dev.zip") == [0]


def test_a_broken_connection_is_gone_on_with_where_it_broke(tmp_path, set_, site, told):
    site.cuts = [30_000, 20_000]
    _, noise, publication = set_
    folder = fetch_publication(publication(), tmp_path, ("foa",), told)
    assert found(folder) == noise
    assert site.gets("foa_dev.z01") == [0, 30_000, 50_000]


def test_a_later_start_goes_on_where_the_earlier_one_ended(tmp_path, set_, site, told):
    site.cuts = [40_000, 0, 0, 0, 0]
    _, noise, publication = set_
    with pytest.raises(MissingData, match=r"foa_dev\.z01\.part keeps what came; start the same"):
        fetch_publication(publication(), tmp_path, ("foa",), told)
    assert (tmp_path / "made/archives/foa_dev.z01.part").stat().st_size == 40_000
    site.asked.clear()
    assert found(fetch_publication(publication(), tmp_path, ("foa",), told)) == noise
    assert site.gets("foa_dev.z01") == [40_000]


def test_ctrl_c_keeps_what_came(tmp_path, set_, site, told):
    class Interrupts(type(told)):
        def advance(self, task, done, total, note=""):
            if task == "fetching foa_dev.z02":
                raise KeyboardInterrupt

    _, noise, publication = set_
    with pytest.raises(KeyboardInterrupt):
        fetch_publication(publication(), tmp_path, ("foa",), Interrupts())
    archives = tmp_path / "made" / "archives"
    assert sorted(p.name for p in archives.iterdir()) == ["foa_dev.z01", "foa_dev.z02.part"]
    assert found(fetch_publication(publication(), tmp_path, ("foa",), told)) == noise
    assert site.gets("foa_dev.z01") == [0]


def test_a_server_that_cannot_resume_sends_all_again(tmp_path, set_, site, told):
    site.cuts, site.ranges = [30_000], False
    _, noise, publication = set_
    assert found(fetch_publication(publication(), tmp_path, ("foa",), told)) == noise


def test_a_busy_server_is_asked_again(tmp_path, set_, site, told):
    site.statuses = [503, 429]
    assert found(fetch_publication(set_[2](), tmp_path, ("metadata",), told)) == METADATA


def test_a_part_that_is_complete_already_is_checked_and_used(tmp_path, set_, site, told):
    parts, _, publication = set_
    archives = tmp_path / "made" / "archives"
    archives.mkdir(parents=True)
    (archives / "metadata_dev.zip.part").write_bytes(parts["metadata"]["metadata_dev.zip"])
    assert found(fetch_publication(publication(), tmp_path, ("metadata",), told)) == METADATA


def test_a_part_longer_than_the_file_is_thrown_away(tmp_path, set_, site, told):
    archives = tmp_path / "made" / "archives"
    archives.mkdir(parents=True)
    (archives / "metadata_dev.zip.part").write_bytes(b"x" * 99_000)
    assert found(fetch_publication(set_[2](), tmp_path, ("metadata",), told)) == METADATA


def test_a_wrong_checksum_says_expected_found_and_source_and_keeps_the_rest(
    tmp_path, set_, site, told
):
    from hashlib import md5

    parts, _, publication = set_
    with pytest.raises(BadFile) as error:
        fetch_publication(publication(wrong=["foa_dev.z02"]), tmp_path, ("foa",), told)
    said = md5(parts["foa"]["foa_dev.z02"]).hexdigest()
    assert f"foa_dev.z02?download=1: its MD5 is {said}" in str(error.value)
    assert f"expected {md5(b'other').hexdigest()} (a paper, table 1)" in str(error.value)
    archives = tmp_path / "made" / "archives"
    assert [p.name for p in archives.iterdir()] == ["foa_dev.z01"]
    assert not (tmp_path / "made" / "foa_dev").exists()


def test_without_a_known_checksum_nothing_is_fetched(tmp_path, set_, site, told):
    with pytest.raises(
        MissingData, match=r"no source names its checksum.*zenodo\.example/records/1"
    ):
        fetch_publication(set_[2](unknown=["foa_dev.z02"]), tmp_path, ("metadata", "foa"), told)
    assert site.asked == []


def test_parts_to_be_had_by_hand_and_unknown_ones_are_said(tmp_path, set_, site, told):
    publication = set_[2](by_hand={"synthetic": "get it from there"})
    with pytest.raises(MissingData, match="synthetic: get it from there"):
        fetch_publication(publication, tmp_path, ("synthetic",), told)
    with pytest.raises(UnknownName, match=r"no part 'metdata' \(near: metadata\).*synthetic"):
        fetch_publication(publication, tmp_path, ("metdata",), told)
    assert site.asked == []


def test_a_file_that_moved_is_said_with_its_address(tmp_path, set_, site, told):
    publication = set_[2]()
    del site.content["metadata_dev.zip"]
    with pytest.raises(
        MissingData, match=r"metadata_dev\.zip\?download=1: the server answered 404"
    ):
        fetch_publication(publication, tmp_path, ("metadata",), told)


def test_without_a_connection_the_words_say_so(tmp_path, set_, site, told):
    publication = set_[2]()
    site.server.shutdown()
    site.server.server_close()
    with pytest.raises(MissingData, match=r"cannot be fetched .*start the same command again"):
        fetch_publication(publication, tmp_path, ("metadata",), told)


def test_too_little_space_is_said_before_anything_is_fetched(
    tmp_path, set_, site, told, monkeypatch
):
    usage = type("Usage", (), {"free": 200_000})
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(WriteFailed, match=r"0\.5 MB are needed, 0\.2 MB are free"):
        fetch_publication(set_[2](), tmp_path, ("foa",), told)
    assert not any(method == "GET" for method, _, _ in site.asked)


def test_licence_and_record_are_told_before_the_server_is_asked(tmp_path, told, monkeypatch):
    monkeypatch.setattr("seldbench.fetching.sets.size_of", lambda url: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fetch("tnsse2021", tmp_path, progress=told)
    assert "CC BY-NC 4.0" in told.lines[0]
    assert "https://zenodo.org/records/5476980" in told.lines[0]


def test_sets_that_are_not_published_as_archives_are_not_fetched(tmp_path):
    with pytest.raises(UnknownName, match=r"desed cannot be fetched.*tnsse2021"):
        fetch("desed", tmp_path)


@pytest.mark.parametrize("name", ["tnsse2020", "tnsse2021", "starss22", "starss23"])
def test_every_file_of_the_real_sets_has_a_checksum_and_an_address(name):
    from seldbench import registry

    publication = registry.find("datasets", name).publication
    files = [file for archive in publication.archives for file in archive.files]
    assert {"foa", "mic", "metadata"} <= set(publication.parts)
    assert len({file.md5 for file in files}) == len(files)
    assert all(len(file.md5) == 32 and int(file.md5, 16) for file in files)
    assert all(archive.files[-1].name.endswith(".zip") for archive in publication.archives)
    assert publication.files.format(name="x.zip").startswith(publication.record)
