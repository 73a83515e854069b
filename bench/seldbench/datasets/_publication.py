"""Where a data set is published: its archives, their volumes and checksums."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RemoteFile:
    """md5: hexadecimal; None where no source names it, so that it cannot be fetched safely."""

    name: str
    md5: str | None


@dataclass(frozen=True)
class Archive:
    """A zip, or a .tar.gz. part: what a person calls it. files: a zip's volumes in order (.z01,
    .z02, ..., .zip)."""

    part: str
    files: tuple[RemoteFile, ...]


@dataclass(frozen=True)
class Publication:
    """record: the page. files: the address of a file, with {name} in it. folder: where archives are
    unpacked, below the data root. checksums: who says the MD5s. by_hand: {part: why and how} of
    parts that cannot be fetched. standard: the parts that are fetched unless a person says."""

    record: str
    files: str
    folder: str
    archives: tuple[Archive, ...]
    checksums: str
    by_hand: Mapping[str, str] = field(default_factory=dict)
    standard: tuple[str, ...] = ("foa", "mic", "metadata")

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(archive.part for archive in self.archives)


def zenodo(
    record: int,
    folder: str,
    archives: Mapping[str, Mapping[str, str]],
    *,
    checksums: str,
    by_hand: Mapping[str, str] | None = None,
) -> Publication:
    """A record of Zenodo. archives: {part: {file: MD5}}, volumes in order."""
    page = f"https://zenodo.org/records/{record}"
    return Publication(
        page,
        f"{page}/files/{{name}}?download=1",
        folder,
        tuple(
            Archive(part, tuple(RemoteFile(name, md5) for name, md5 in files.items()))
            for part, files in archives.items()
        ),
        checksums,
        by_hand or {},
    )
