"""`seldbench publish` and `report`: results into the reports' folder, pages rendered anew."""

from pathlib import Path

import numpy as np

from seldbench.datasets import open_dataset
from seldbench.errors import MissingData
from seldbench.recipe import Recipe
from seldbench.report import leaderboard
from seldbench.report.pages import render
from seldbench.report.publish import publish
from seldbench.runs import open_run
from seldbench.storage import read_json


def publish_run(name: str, runs: Path, out: Path, data_root: Path | None) -> Path:
    """Publish a run with spectrograms of its shown clips; the page to open.

    Raises:
        BadRun: unfinished. MissingData: its data set is not there any more.
    """
    run = open_run(name, runs)
    dataset = open_dataset(run.about["dataset"], data_root)
    layout = Recipe.model_validate(read_json(run.path / "recipe.json")).stage.layout
    clips = {clip.id: clip for clip in dataset.clips("test")}

    def audio(clip: str) -> tuple[np.ndarray, int]:
        if clip not in clips:
            raise MissingData(f"{clip}: not among the test clips of {dataset.name} any more")
        recording = clips[clip].recordings[layout]
        return recording.read(0.0, clips[clip].duration)[0], recording.sample_rate

    publish(run.path, out, audio=audio)
    return render_all(out, None)


def render_all(reports: Path, out: Path | None) -> Path:
    """Leaderboard and pages from the reports' folder alone; the page to open."""
    leaderboard.write(reports)
    return render(reports, out)
