"""`seldbench predict` with a tagging run: labels of anybody's recordings."""

import numpy as np
import pytest
import soundfile
import torch

from seldbench.contracts import Quiet
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.listen import listen


class Heard(Quiet):
    """Remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture(scope="module")
def run(toy_tags, tag_recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    experiment = Experiment(tag_recipe(), Data(toy_tags), 0, folder, (0, 1))
    return experiment.run(torch.device("cpu"), Quiet())


def tone(path, frequency, seconds, rate, channels=1):
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.2 * np.sin(2 * np.pi * frequency * time)
    noise = 0.003 * np.random.default_rng(0).standard_normal((len(time), channels))
    soundfile.write(path, wave[:, None] + noise, rate)
    return path


def table(path):
    header, *rows = (line.split("\t") for line in path.read_text().splitlines())
    assert header == ["label", "score"]
    return {label: float(score) for label, score in rows}


def test_all_classes_are_listed_the_highest_first_beside_a_picture(run, tmp_path):
    files = [
        tone(tmp_path / "whistle.wav", 3000, 1.0, 16000),
        tone(tmp_path / "hum.flac", 200, 1.0, 44100, channels=2),
    ]
    out, heard = tmp_path / "out", Heard()
    written = list(listen(str(run.path), files, out, runs=tmp_path, progress=heard))
    assert written == [out / f"{n}.{e}" for n in ("whistle", "hum") for e in ("tags.tsv", "png")]
    for name in ("whistle", "hum"):
        scores = table(out / f"{name}.tags.tsv")
        assert next(iter(scores)) == name
        assert [*scores.values()] == sorted(scores.values(), reverse=True)
        assert sum(scores.values()) == pytest.approx(1.0, abs=1e-5)
        assert (out / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
    assert heard.lines == ["of the run's folds 0, 1 the network of the first listens"]


def test_a_long_recording_is_the_mean_of_its_windows(run, tmp_path):
    rate = 16000
    parts = [soundfile.read(tone(tmp_path / f"{f}.wav", f, 1.0, rate))[0] for f in (200, 3000)]
    soundfile.write(tmp_path / "long.wav", np.concatenate(parts), rate)
    # Windows of 1 s, half a window apart, on the network's grid of 0.16 s.
    onsets = (0, 0.48, 0.96, 1.12)
    for onset in onsets:
        begin = round(onset * rate)
        piece = np.concatenate(parts)[begin : begin + rate]
        soundfile.write(tmp_path / f"from{onset}.wav", piece, rate)
    names = ["long", *(f"from{onset}" for onset in onsets)]
    files = [tmp_path / f"{name}.wav" for name in names]
    list(listen(str(run.path), files, tmp_path, runs=tmp_path, progress=Quiet()))
    long, *pieces = (table(tmp_path / f"{name}.tags.tsv") for name in names)
    for label, score in long.items():
        assert score == pytest.approx(np.mean([piece[label] for piece in pieces]), abs=2e-3)
