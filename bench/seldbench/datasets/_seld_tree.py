"""A SELD tree on disk, real or simulated: which clips each split has, with recordings and labels.

    tree = SeldTree(
        "tnsse2021", folder, classes, {"train": Split(400, folds=(1, 2, 3, 4)), "test": ...},
        dialect="polar", unique_tracks=True, obtain="get it from ...",
    )
    tree.clips("train"), tree.coverage("train"), tree.fingerprint, tree.provenance(), tree.faults()
    inspect(tree, "train"), notes(tree, "train")  # of _seld_inspection

`folder` holds foa_dev/, mic_dev/ (one of them is enough) and metadata_dev/ with files named
`fold1_room1_mix001`, flat or in subfolders. The split comes from the fold and the room in a file's
name, never from a folder. Everything is read when it is asked for; nothing is ever written.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from seldbench.annotations.directions import read_files
from seldbench.annotations.tracks import events_of_rows
from seldbench.audio import AudioFile
from seldbench.contracts import Clip
from seldbench.datasets._seld_files import (
    LAYOUTS,
    METADATA,
    Area,
    Arrays,
    Found,
    clip_name,
    find_area,
    natural,
)
from seldbench.datasets._seld_rows import GRID, by_file, label_frames, refuse_unknown_classes
from seldbench.errors import BadFile, MissingData, UnknownName, near
from seldbench.events import DirectionTable

SAMPLE_RATE = 24_000
CHANNELS = 4


@dataclass(frozen=True)
class Split:
    """Which files are a split's, by their names.

    clips: how many there should be. folds: these; rooms: of them only these (none: all), and none
    of `without`. overlap: whether names end in _ov1, _ov2 (None: either). area: "dev", or "eval",
    where every file is the split's and metadata may be absent. optional: nothing needs the split.
    """

    clips: int
    folds: tuple[int, ...] = ()
    rooms: tuple[int, ...] = ()
    without: tuple[int, ...] = ()
    overlap: bool | None = False
    area: str = "dev"
    optional: bool = False

    def has(self, stem: str) -> bool:
        if self.area == "eval":
            return True
        name = clip_name(stem)
        if name is None or name.fold not in self.folds:
            return False
        if self.overlap is not None and (name.overlap > 0) != self.overlap:
            return False
        return (not self.rooms or name.room in self.rooms) and name.room not in self.without

    def __str__(self) -> str:
        if self.area == "eval":
            return "any name"
        rooms = f", rooms {_numbers(self.rooms)}" if self.rooms else ""
        rooms += f", rooms other than {_numbers(self.without)}" if self.without else ""
        form = "fold<N>_room<N>_mix<N>" + ("_ov<N>" if self.overlap else "")
        return f"{form} of folds {_numbers(self.folds)}{rooms}"


class SeldTree:
    """The tree in `folder`, with companion sets beside it whose folds join its splits."""

    def __init__(
        self,
        name: str,
        folder: Path,
        classes: tuple[str, ...],
        splits: Mapping[str, Split],
        *,
        dialect: str,
        unique_tracks: bool,
        obtain: str,
        companions: Mapping[Path, str] | None = None,
    ) -> None:
        """dialect: the columns of the CSVs (annotations.DIALECTS). unique_tracks: whether a track
        number tells events apart (TAU-NIGENS) or only who made them (STARSS). obtain: how to get
        what is absent, in words and commands. companions: {folder: dialect} of further trees."""
        self.name = name
        self.folder = folder
        self.classes = classes
        self.splits = dict(splits)
        self.unique_tracks = unique_tracks
        self.obtain = obtain
        self.folders = [folder, *(companions or {})]
        self.dialects = [dialect, *(companions or {}).values()]
        self._areas: dict[str, Area] = {}
        self._clips: dict[str, tuple[Clip, ...]] = {}

    def clips(self, split: str, fold: int = 0) -> tuple[Clip, ...]:
        """The clips of a split that have a recording and metadata; the same objects every time.

        Events end with the recording, as in the official feature code (get_labels_for_file drops
        later frames); `directions` are all rows of the file.

        Raises:
            UnknownName: no such split, or a fold other than 0.
            MissingData: no recording of the split.
            BadFile: a recording without metadata (both paths are named), a CSV that breaks a rule,
                a class without a name, a file that is not 4 channels at 24 kHz.
        """
        rule = self._rule(split)
        if fold != 0:
            raise UnknownName(f"{self.name} has no fold {fold}; its only fold is 0")
        if split not in self._clips:
            stems = [stem for stem in self.stems(split) if self.recordings(split, stem)]
            if not stems:
                raise MissingData(f"{self.name}: {split}: {self.absence(split)}\n{self.obtain}")
            self._refuse_unpaired(split, stems)
            rows = self._rows(rule.area, stems)
            self._clips[split] = tuple(self._clip(split, stem, rows.get(stem)) for stem in stems)
        return self._clips[split]

    def coverage(self, split: str) -> tuple[int, int]:
        """Clips with a recording, and clips expected."""
        found = sum(bool(self.recordings(split, stem)) for stem in self.stems(split))
        return found, self._rule(split).clips

    def provenance(self) -> dict[str, dict[str, object]]:
        """{split: the number of its clips by layout} of the splits there."""
        found: dict[str, dict[str, object]] = {}
        for split in self.splits:
            files = [self.recordings(split, stem) for stem in self.stems(split)]
            if any(files):
                found[split] = {layout: sum(layout in f for f in files) for layout in LAYOUTS}
        return found

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the metadata, and of the clips' names and their recordings' sizes.

        Where files lie does not count; nor does it whether one layout is there or both, as the
        layouts' files are equally long.
        """
        digest = hashlib.sha256()
        for split, rule in self.splits.items():
            tables = self.area(rule.area).tables
            for stem in self.stems(split):
                sizes = {found.size for found in self.recordings(split, stem).values()}
                digest.update(f"{split} {stem} {sorted(sizes)}\n".encode())
                if stem in tables:
                    digest.update(hashlib.sha256(tables[stem].path.read_bytes()).digest())
        return digest.hexdigest()

    def faults(self) -> list[str]:
        """What is wrong with the tree as a whole: names twice, names of no split."""
        faults = []
        for area in sorted({rule.area for rule in self.splits.values()}):
            faults += self.area(area).twice
            rules = [rule for rule in self.splits.values() if rule.area == area]
            for stem in sorted(self.area(area).stems, key=natural):
                if not any(rule.has(stem) for rule in rules):
                    faults.append(self._nowhere(area, stem))
        return faults

    def area(self, area: str) -> Area:
        """The files of "dev" or "eval"."""
        if area not in self._areas:
            self._areas[area] = find_area(self.folders, area)
        return self._areas[area]

    def stems(self, split: str) -> list[str]:
        """Of all clips that any file of the split is of, in order."""
        rule = self._rule(split)
        return sorted(filter(rule.has, self.area(rule.area).stems), key=natural)

    def recordings(self, split: str, stem: str) -> dict[str, Found]:
        """{layout: file} of a clip."""
        layouts = self.area(self._rule(split).area).recordings
        return {layout: files[stem] for layout, files in layouts.items() if stem in files}

    def layouts(self, split: str, stem: str) -> list[str]:
        """Those that a clip should have: of which its folder has any recording."""
        area = self.area(self._rule(split).area)
        files = [*self.recordings(split, stem).values(), self.table(split, stem)]
        place = next(file.place for file in files if file is not None)
        return [layout for layout in LAYOUTS if (layout, place) in area.places]

    def table(self, split: str, stem: str) -> Found | None:
        """The metadata of a clip."""
        return self.area(self._rule(split).area).tables.get(stem)

    def absence(self, split: str) -> str | None:
        """What is absent, and where it was looked for; None if some clip can be read."""
        rule = self._rule(split)
        if any(self.recordings(split, stem) for stem in self.stems(split)):
            return None
        looked = " or ".join(str(self.folder / f"{layout}_{rule.area}") for layout in LAYOUTS)
        if not any(self.area(rule.area).recordings.values()):
            return f"no recordings: looked for {looked}"
        return f"no recording of its names ({rule}) in {looked}"

    def audio(self, found: Found) -> AudioFile:
        """Unopened; refuses another rate or another number of channels when it is opened."""
        return AudioFile(found.path, (CHANNELS,), (SAMPLE_RATE,))

    def partner(self, found: Found, kind: str, area: str) -> Path:
        """Where the file of the same clip in the folder of another kind ("foa", "metadata") would
        lie; it may lie in any other subfolder as well."""
        suffix = ".csv" if kind == METADATA else ".wav"
        top = self.folders[found.place] / f"{kind}_{area}"
        return top / found.inner / f"{found.path.stem}{suffix}"

    def unpaired(self, split: str, stem: str) -> str | None:
        """The fault of a recording without metadata, or of metadata without a recording."""
        rule = self._rule(split)
        recordings, table = self.recordings(split, stem), self.table(split, stem)
        if table is None and (rule.area == "dev" or self.area(rule.area).tables):
            found = next(iter(recordings.values()))
            wanted = self.partner(found, METADATA, rule.area)
            return f"{found.path}: no metadata: looked for {wanted}; unpack the metadata again"
        if table is not None and not recordings:
            looked = [str(self.partner(table, layout, rule.area)) for layout in LAYOUTS]
            return f"{table.path}: no recording: looked for {' and '.join(looked)}"
        return None

    def _rule(self, split: str) -> Split:
        if split not in self.splits:
            raise UnknownName(
                f"{self.name} has no split {split!r}{near(split, self.splits)};"
                f" it has: {', '.join(self.splits)}"
            )
        return self.splits[split]

    def _refuse_unpaired(self, split: str, stems: Sequence[str]) -> None:
        if twice := self.area(self._rule(split).area).twice:
            raise BadFile(twice[0])
        for stem in stems:
            if fault := self.unpaired(split, stem):
                raise BadFile(fault)

    def _rows(self, area: str, stems: Sequence[str]) -> dict[str, DirectionTable]:
        """{stem: rows}; one reading for all files of a dialect."""
        tables = self.area(area).tables
        rows: dict[str, DirectionTable] = {}
        for place, dialect in enumerate(self.dialects):
            files = [tables[s].path for s in stems if s in tables and tables[s].place == place]
            if files:
                table, where = read_files(files, dialect)
                refuse_unknown_classes(table, where, self.classes)
                rows.update(by_file(table))
        return rows

    def _clip(self, split: str, stem: str, rows: DirectionTable | None) -> Clip:
        found = self.recordings(split, stem)
        files = {layout: self.audio(file) for layout, file in found.items()}
        duration = next(iter(files.values())).duration
        events = None
        if rows is not None:
            heard = rows.rows(rows.frame < label_frames(duration))
            events = events_of_rows(heard, self.classes, GRID)
        return Clip(
            id=stem,
            duration=duration,
            recordings=Arrays(files, self._absent(split, stem, found)),
            events=events,
            directions=rows,
        )

    def _absent(self, split: str, stem: str, found: Mapping[str, Found]) -> dict[str, str]:
        """{layout: what to say} of the layouts that a clip has no recording of."""
        area, one = self._rule(split).area, next(iter(found.values()))
        return {
            layout: f"{self.name}: {stem} has no {layout} recording: looked for"
            f" {self.partner(one, layout, area)}\n{self.obtain}"
            for layout in LAYOUTS
            if layout not in found
        }

    def _nowhere(self, area: str, stem: str) -> str:
        files = [*self.area(area).recordings.values(), self.area(area).tables]
        path = next(of[stem].path for of in files if stem in of)
        rules = {split: rule for split, rule in self.splits.items() if rule.area == area}
        names = "; ".join(f"{split}: {rule}" for split, rule in rules.items())
        return f"{path}: no split has that name ({names}); rename the file, or take it out"


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
