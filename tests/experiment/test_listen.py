"""`seldbench predict`: anybody's recordings, of any rate, length and number of channels."""

import numpy as np
import pytest
import soundfile
import torch

from seldbench import annotations
from seldbench.contracts import Quiet
from seldbench.errors import BadFile, BadRun
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.listen import listen


@pytest.fixture
def run(toy, toy_recipe, tmp_path):
    recipe = toy_recipe(training__epochs=1, training__step="supervised")
    return Experiment(recipe, Data(toy), 0, tmp_path / "runs").run(torch.device("cpu"), Quiet())


def write(path, seconds, rate, channels):
    wave = np.random.default_rng(0).uniform(-0.3, 0.3, (round(seconds * rate), channels))
    soundfile.write(path, wave, rate)
    return path


def test_any_rate_length_and_channels_give_events_scores_and_a_picture(run, tmp_path):
    files = [
        write(tmp_path / "short.wav", 0.4, 8000, 1),
        write(tmp_path / "long.wav", 7.3, 44100, 2),
        write(tmp_path / "flac.flac", 2.0, 22050, 1),
    ]
    out = tmp_path / "out"
    written = list(listen(str(run.path), files, out, runs=tmp_path / "runs", progress=Quiet()))
    assert len(written) == 9
    assert all(path.exists() for path in written)
    for name, seconds in (("short", 0.4), ("long", 7.3), ("flac", 2.0)):
        assert annotations.read_events(out / f"{name}.events.tsv").clips == (name,)
        picture = out / f"{name}.png"
        assert picture.read_bytes()[:4] == b"\x89PNG"
        rows = (out / f"{name}.scores.tsv").read_text().splitlines()
        assert rows[0].split("\t") == ["onset", "offset", "high", "low"]
        first, last = rows[1].split("\t"), rows[-1].split("\t")
        assert float(first[0]) == 0
        assert seconds - 0.064 <= float(last[1]) <= seconds + 1e-9


def test_two_recordings_of_one_name_are_refused_before_anything_is_written(run, tmp_path):
    (tmp_path / "b").mkdir()
    files = [write(tmp_path / "a.wav", 1, 8000, 1), write(tmp_path / "b" / "a.wav", 1, 8000, 1)]
    with pytest.raises(BadFile, match="two recordings are named 'a'"):
        list(listen(run.path.name, files, tmp_path, runs=tmp_path / "runs", progress=Quiet()))
    assert not list(tmp_path.glob("a.*.tsv"))


def test_what_is_not_audio_or_no_finished_run_is_named(run, tmp_path):
    (tmp_path / "a.wav").write_text("text")
    with pytest.raises(BadFile, match=r"a\.wav"):
        list(
            listen(
                run.path.name,
                [tmp_path / "a.wav"],
                tmp_path,
                runs=tmp_path / "runs",
                progress=Quiet(),
            )
        )
    (run.path / "scores.json").unlink()
    with pytest.raises(BadRun, match="not finished"):
        list(listen(run.path.name, [], tmp_path, runs=tmp_path / "runs", progress=Quiet()))
    with pytest.raises(BadRun, match="no run 'other'"):
        list(listen("other", [], tmp_path, runs=tmp_path / "runs", progress=Quiet()))
