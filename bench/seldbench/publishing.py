"""`seldbench publish` and `report`: results into the reports' folder, pages rendered anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from seldbench.contracts import Clip
from seldbench.datasets import open_dataset
from seldbench.errors import MissingData
from seldbench.recipe import Recipe
from seldbench.report.pages.rendering import render
from seldbench.report.pair import publish_pair
from seldbench.report.publish import publish
from seldbench.report.results import leaderboard
from seldbench.report.tables.paired import Pairing
from seldbench.runs import Run, open_run
from seldbench.storage import read_json


def publish_run(
    name: str, runs: Path, out: Path, data_root: Path | None, *, every_sound: bool = False
) -> Path:
    """Publish a run with spectrograms and sounds of its shown clips; the page to open.

    Args:
        every_sound: sounds that are not built in too.

    Raises:
        BadRun: unfinished. MissingData: its data set is not there any more.
    """
    run = open_run(name, runs)
    publish(run.path, out, audio=_Sounds(run, data_root).read, every_sound=every_sound)
    return render_all(out, None)


def publish_pair_of(
    first: Sequence[str],
    second: Sequence[str],
    runs: Path,
    out: Path,
    data_root: Path | None,
    pairing: Pairing,
    *,
    every_sound: bool = False,
) -> Path:
    """Publish two systems side by side, and those of their runs that are not published yet; the
    page of both.

    Args:
        first, second: names of runs, a seed each.

    Raises:
        BadRun: unfinished, or runs that do not compare. MissingData: a data set is not there.
    """
    one, other = ([open_run(name, runs) for name in side] for side in (first, second))
    for run in (*one, *other):
        if not (out / "scores" / f"{run.about['id']}.json").exists():
            publish(run.path, out, audio=_Sounds(run, data_root).read, every_sound=every_sound)
    made = publish_pair(
        [run.path for run in one],
        [run.path for run in other],
        out,
        pairing=pairing,
        audio=_Sounds(one[0], data_root).read,
        every_sound=every_sound,
    )
    render_all(out, None)
    return made / "index.html"


@dataclass(frozen=True)
class _Sounds:
    """The test clips of a run's data set, which is opened when one of them is asked for."""

    run: Run
    data_root: Path | None

    @cached_property
    def clips(self) -> dict[str, Clip]:
        dataset = open_dataset(self.run.about["dataset"], self.data_root)
        return {clip.id: clip for clip in dataset.clips("test")}

    @cached_property
    def layout(self) -> str | None:
        """What the system heard; None of an ensemble, which hears nothing itself."""
        content = read_json(self.run.path / "recipe.json")
        if not content.get("stages"):
            return None
        recipe = Recipe.model_validate(content)
        *_, last = recipe.answering.values()  # of two stages the one that hears directions
        return recipe.stages[last].layout

    def read(self, name: str) -> tuple[np.ndarray, int]:
        """The first channel of a clip and its sample rate."""
        if name not in self.clips:
            raise MissingData(
                f"{name}: not among the test clips of {self.run.about['dataset']} any more"
            )
        clip = self.clips[name]
        recording = clip.recordings[self.layout or next(iter(clip.recordings))]
        return recording.read(0.0, clip.duration)[0], recording.sample_rate


def render_all(reports: Path, out: Path | None) -> Path:
    """Leaderboard and pages from the reports' folder alone; the page to open."""
    leaderboard.renew(reports)
    return render(reports, out)
