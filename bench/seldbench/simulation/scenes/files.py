"""The files of a set of scenes.

foa_dev/<folder>/<name>.wav        W, Y, Z, X: 24 kHz, 16 bit
mic_dev/<folder>/<name>.wav        M1 to M4, the same scenes
metadata_dev/<folder>/<name>.csv   who sounds from where, in the rows of the real set
scene.jsonl                        all that is known of each scene, interferers too; one a line
rooms.json                         the rooms, by the beginning of their files' names
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile

from seldbench.annotations.directions import write_directions
from seldbench.events import DirectionTable
from seldbench.simulation.dry import RATE
from seldbench.simulation.scenes.kinds import Hall, Kind, Place
from seldbench.simulation.scenes.layers import STEP
from seldbench.simulation.scenes.planning import ScenePlan
from seldbench.simulation.scenes.rendering import Scene, Track, label_tracks
from seldbench.simulation.spatial import LAYOUTS
from seldbench.storage import write_bytes, write_text

Array = np.ndarray

RECORDS = ".records"  # a build's scenes, one file each, until all are there
METADATA = "metadata_dev"


def paths_of(root: Path, hall: Hall, plan: ScenePlan) -> list[Path]:
    """Of a scene's two recordings, its record and its metadata, which is written last."""
    audio = [root / f"{layout}_dev" / hall.folder / f"{plan.name}.wav" for layout in LAYOUTS]
    metadata = root / METADATA / hall.folder / f"{plan.name}.csv"
    return [*audio, root / RECORDS / f"{plan.name}.json", metadata]


def write_scene(root: Path, kind: Kind, hall: Hall, plan: ScenePlan, scene: Scene) -> None:
    """Raises WriteFailed."""
    *audio, record, metadata = paths_of(root, hall, plan)
    wave = np.rint(scene.wave * 32767).astype(np.int16)
    for path, channels in zip(audio, LAYOUTS.values()):
        content = BytesIO()
        soundfile.write(content, wave[channels].T, RATE, format="WAV", subtype="PCM_16")
        write_bytes(path, content.getvalue())
    write_text(record, json.dumps(_record(hall, plan, scene)) + "\n")
    write_directions(metadata, table_of(kind, plan, scene), kind.dialect)


def table_of(kind: Kind, plan: ScenePlan, scene: Scene) -> DirectionTable:
    """The rows of a scene's targets, by frame, then by number; distances in whole centimetres."""
    numbered = label_tracks(scene.tracks)
    columns = [_columns(kind, number, track) for number, track in numbered]
    rows = np.concatenate([np.zeros((0, 6)), *columns])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 2], rows[:, 0]))]
    frame, label, number = rows[:, :3].T.astype(np.int64)
    return DirectionTable(
        (plan.name,), np.zeros_like(frame), frame, label, number, rows[:, 3:5], rows[:, 5] / 100
    )


def _columns(kind: Kind, number: int, track: Track) -> Array:
    """(active frames, 6): frame, class, number, azimuth, elevation, centimetres."""
    label = kind.classes.index(track.sound.label)
    whole = np.stack([np.full_like(track.frames, value) for value in (label, number)], axis=1)
    centimetres = np.rint(100 * track.distance)
    angles = (track.azimuth, track.elevation)
    return np.column_stack([track.frames, whole, *angles, centimetres]).astype(np.float64)


def _record(hall: Hall, plan: ScenePlan, scene: Scene) -> dict[str, object]:
    numbers = {id(track): number for number, track in label_tracks(scene.tracks)}
    return {
        "name": plan.name,
        "split": plan.split,
        "room": hall.prefix,
        "snr": plan.snr,
        "gains": {name: float(f"{gain:.6g}") for name, gain in scene.gains.items()},
        "sounds": [_sound(k, track, numbers) for k, track in enumerate(scene.tracks)],
    }


def _sound(k: int, track: Track, numbers: dict[int, int]) -> dict[str, object]:
    """seed: the last of the names that its random numbers hang on (`rendering`)."""
    sound, course = track.sound, track.sound.course
    return {
        "label": sound.label,
        "role": "target" if sound.target else "interferer",
        "number": numbers.get(id(track)),
        "source": sound.source,
        "seed": k,
        "onset": round(sound.onset * STEP, 1),
        "offset": round((sound.onset + sound.steps) * STEP, 1),
        "azimuth": course.azimuth,
        "elevation": course.elevation,
        "distance": round(float(track.distance[0]), 3) if len(track.distance) else course.distance,
        "speed": course.speed,
        "level": round(sound.level, 3),
        "gain": float(f"{track.gain:.6g}"),
    }


def join_records(root: Path, plans: list[ScenePlan]) -> str:
    """The text of scene.jsonl, in the order of the plans."""
    return "".join((root / RECORDS / f"{plan.name}.json").read_text() for plan in plans)


def rooms_text(places: Sequence[Place]) -> str:
    """The text of rooms.json: metres, seconds; the noise as `spatial.Colour` has it."""
    rooms = {
        place.hall.prefix: {
            "split": place.hall.split,
            "size": [round(side, 3) for side in place.room.size],
            "array": [round(metres, 3) for metres in place.room.array],
            "rt60": round(place.room.rt60, 3),
            "noise": asdict(place.colour),
        }
        for place in places
    }
    return json.dumps(rooms, indent=1) + "\n"


def fingerprint(folder: Path) -> str:
    """SHA-256 over the metadata, and over the names and sizes of the recordings; these are alike
    in both layouts, of which one may be absent."""
    found = sha256()
    for path in _below(folder / METADATA, ".csv"):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    tops = [folder / f"{layout}_dev" for layout in LAYOUTS]
    for name, size in sorted({(p.name, p.stat().st_size) for t in tops for p in _below(t, ".wav")}):
        found.update(f"{name} {size}\n".encode())
    return found.hexdigest()


def _below(folder: Path, suffix: str) -> Iterator[Path]:
    return iter(sorted(folder.rglob(f"*{suffix}"), key=lambda path: path.name))
