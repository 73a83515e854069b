"""A real SELD data set: what is fixed of it (SeldSet), and the set opened on disk (OpenSeldSet)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from seldbench.contracts import Clip
from seldbench.datasets._manifest import MANIFEST, is_manifest
from seldbench.datasets._publication import Publication
from seldbench.datasets._seld_files import AREAS, LAYOUTS, tops
from seldbench.datasets._seld_inspection import SeldFiles, inspect, notes
from seldbench.datasets._seld_rows import GRID
from seldbench.datasets._seld_tree import SeldTree, Split
from seldbench.errors import BadFile, MissingData


@dataclass(frozen=True)
class SeldSet:
    """Called with a data root it is the data set there.

    places: where the tree may lie below the root, in the order in which it is looked for.
    companions: {where a companion set may lie below the root: its dialect}. stand_in: its
    simulated twin; remark: more on how to obtain it.
    """

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    dialect: str
    unique_tracks: bool
    places: tuple[str, ...]
    publication: Publication
    citation: str
    licence: str
    companions: Mapping[str, str] = field(default_factory=dict)
    stand_in: str = ""
    remark: str = ""

    def __call__(self, root: Path) -> "OpenSeldSet":
        return OpenSeldSet(self, root)

    def how_to_obtain(self, root: Path) -> str:
        """In words and commands; and the stand-in."""
        at = f"--data-root {quote(str(root))}"
        lines = [
            "How to obtain it:",
            f"  seldbench data fetch {self.name} {at}",
            f"  or by hand from {self.publication.record}: metadata_dev and foa_dev, mic_dev or",
            f"  both, unpacked in {root / self.places[0]} (.z01, .z02 and .zip are one archive)",
        ]
        if self.remark:
            lines.append(f"  {self.remark}")
        if self.stand_in:
            lines += [
                "Without it, simulated scenes can stand in; results on them are marked as"
                " simulated:",
                f"  seldbench data simulate {self.stand_in} --scale small {at}",
            ]
        return "\n".join(lines)


class OpenSeldSet:
    """Signs the contract Dataset.

    Raises:
        MissingData: no tree in any of the places.
        BadFile: what is there was simulated.
    """

    task = "seld"
    grid: float | None = GRID
    folds = 1
    simulated: str | None = None

    def __init__(self, facts: SeldSet, root: Path) -> None:
        folder = _find(facts, root)
        _refuse_simulated(facts.name, folder)
        self.name = facts.name
        self.classes = facts.classes
        self.splits = tuple(facts.splits)
        self.citation = facts.citation
        self.licence = facts.licence
        self.tree = SeldTree(
            facts.name,
            folder,
            facts.classes,
            facts.splits,
            dialect=facts.dialect,
            unique_tracks=facts.unique_tracks,
            obtain=facts.how_to_obtain(root),
            companions={root / place: dialect for place, dialect in facts.companions.items()},
        )

    def clips(self, split: str, fold: int = 0) -> Sequence[Clip]:
        return self.tree.clips(split, fold)

    def coverage(self, split: str) -> tuple[int, int]:
        return self.tree.coverage(split)

    def notes(self, split: str) -> list[str]:
        """What a person should know before they use the split."""
        return notes(self.tree, split)

    def fingerprint(self) -> str:
        return self.tree.fingerprint

    def provenance(self) -> dict[str, object]:
        """The clips of each split by layout."""
        return {"sounds": None, "splits": self.tree.provenance()}

    def inspect(self, split: str) -> SeldFiles:
        """For `data check`: all that is to be said of a split's files."""
        return inspect(self.tree, split)

    def faults(self) -> list[str]:
        """For `data check`: names that two files have, or that no split has."""
        return self.tree.faults()


def _find(facts: SeldSet, root: Path) -> Path:
    places = [root / place for place in facts.places]
    for place in places:
        if any(tops(place, layout, area) for layout in LAYOUTS for area in AREAS):
            return place
    looked = "\n".join(f"  {place}" for place in places)
    raise MissingData(
        f"{facts.name}: no recordings found. Looked for foa_dev/ or mic_dev/ in\n{looked}\n"
        + facts.how_to_obtain(root)
    )


def _refuse_simulated(name: str, folder: Path) -> None:
    """A simulated set has a manifest in its folder, or in the one above the tree."""
    for manifest in (folder / MANIFEST, folder.parent / MANIFEST):
        if is_manifest(manifest):
            raise BadFile(
                f"{folder}: simulated scenes ({manifest}), not {name}; use them with --dataset"
                f" {manifest.parent.name}"
            )
