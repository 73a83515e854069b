"""A folder of one's own recordings with strong labels.

    ROOT/own_recordings/audio/*.wav
    ROOT/own_recordings/{train,valid,test}.tsv    filename, onset, offset, event_label; seconds

Every clip of a split stands in its table at least once, without times where nothing sounds in it.
"""

from functools import cached_property
from hashlib import sha256
from pathlib import Path

from seldbench.annotations import read_events
from seldbench.audio import AudioFile, mono
from seldbench.contracts import Clip
from seldbench.errors import MissingData
from seldbench.events import Event, EventList, EventTable


class OwnRecordings:
    """Signs the contract `seldbench.contracts.Dataset`."""

    name, task, grid, folds = "own_recordings", "sed", None, 1
    splits = ("train", "valid", "test")
    citation, licence, simulated = "one's own", "one's own", None

    def __init__(self, root: Path) -> None:
        self.folder = root / self.name
        for split in self.splits:
            if not (self.folder / f"{split}.tsv").is_file():
                raise MissingData(f"{self.folder / f'{split}.tsv'}: not found; see the docstring")

    @cached_property
    def _tables(self) -> dict[str, EventTable]:
        return {split: read_events(self.folder / f"{split}.tsv") for split in self.splits}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({label for table in self._tables.values() for label in table.label}))

    def clips(self, split: str, fold: int = 0) -> list[Clip]:
        table = self._tables[split]
        events: dict[str, list[Event]] = {name: [] for name in table.clips}
        for name, onset, offset, label in zip(table.clip, table.onset, table.offset, table.label):
            events[name].append(Event(onset, offset, label))
        return [self._clip(name, EventList(of)) for name, of in events.items()]

    def _clip(self, name: str, events: EventList) -> Clip:
        recording = mono(AudioFile(self.folder / "audio" / name))
        return Clip(name, recording.duration, {"mono": recording}, events)

    def coverage(self, split: str) -> tuple[int, int]:
        number = len(self._tables[split].clips)
        return number, number

    def notes(self, split: str) -> list[str]:
        return []

    def provenance(self) -> dict[str, object]:
        return {"sounds": None}

    def fingerprint(self) -> str:
        found = sha256()
        for split in self.splits:
            found.update((self.folder / f"{split}.tsv").read_bytes())
        for path in sorted((self.folder / "audio").glob("*")):
            found.update(f"{path.name} {path.stat().st_size}".encode())
        return found.hexdigest()


DATASET = OwnRecordings
