"""`seldbench predict` of a run with directions: what channels and rate it hears, and its files."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from seldbench import listen as listening
from seldbench.annotations import read_directions, read_frame_outputs
from seldbench.annotations.tracks import rows_of_events
from seldbench.arrays import foa_gains
from seldbench.audio import Waveform
from seldbench.contracts import Clip, Quiet
from seldbench.errors import BadFile, BadRun
from seldbench.events import Event, EventList
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.geometry import unit_vectors
from seldbench.listen import listen
from seldbench.recipe import resolve
from seldbench.runs import Run

RATE = 24000
CLASSES = ("hiss, loud", "hum")
RECIPE = """
title = "Toy SELD"
source = "the tests"
features = "{features}"
layout = "{layout}"
scorers = ["dcase2021"]
select = "last"
[model]
width = 4
hidden = 4
[heads.frames]
format = "accdoa"
loss = "mse"
on = ["train"]
[batch]
train = 2
[training]
epochs = 1
steps = 1
window = 2.0
[stages.seld]
[post]
thresholds = 0.001
origin = "the tests"
[variants.plain]
"""


class Noise:
    """Signs the contract Dataset: two clips of noise from the left a split, in every layout."""

    name, task, grid, folds, classes = "toy", "seld", 0.1, 1, CLASSES
    splits = ("train", "valid", "test")
    citation, licence, simulated = "none", "MIT", "noise"

    def clips(self, split, fold=0):
        doa = np.broadcast_to(unit_vectors(90.0, 0.0), (20, 3))
        events = EventList([Event(0.0, 2.0, "hum", 0, doa)])
        made = []
        for i in range(2):
            noise = np.random.default_rng(i).uniform(-0.3, 0.3, 2 * RATE)
            wave = Waveform(foa_gains(doa[0])[:, None] * noise, RATE)
            rows = rows_of_events({f"{split}{i}": events}, CLASSES, 0.1)
            every = {"foa": wave, "mic": wave}
            made.append(Clip(f"{split}{i}", 2.0, every, events, directions=rows))
        return made

    def coverage(self, split):
        return 2, 2

    def fingerprint(self):
        return "noise-1"

    def notes(self, split):
        return []

    def provenance(self):
        return {"sounds": "builtin"}


@pytest.fixture(scope="module", params=["foa", "mic"])
def run(request, tmp_path_factory):
    return trained(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def foa_run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("alone"), "foa")


def trained(folder, layout):
    path = folder / "seldnet" / "toy.toml"
    path.parent.mkdir()
    features = {"foa": "iv_dcase2022", "mic": "gcc_phat"}[layout]
    path.write_text(RECIPE.format(layout=layout, features=features))
    recipe = resolve(path, "toy", "plain", {})
    return Experiment(recipe, Data(Noise()), 0, folder / "runs").run(torch.device("cpu"), Quiet())


def write(path, seconds=2.0, rate=RATE, channels=4):
    wave = np.random.default_rng(0).uniform(-0.3, 0.3, (round(seconds * rate), channels))
    soundfile.write(path, wave, rate)
    return path


def hear(run, out, *files, **options):
    return list(
        listen(str(run.path), files, out, runs=run.path.parent, progress=Quiet(), **options)
    )


def test_a_recording_gives_rows_frame_outputs_a_picture_and_the_names_of_the_classes(run, tmp_path):
    out = tmp_path / "out"
    written = hear(run, out, write(tmp_path / "a.wav", 7.3), write(tmp_path / "b.wav", 1.0))
    names = ["classes.csv", "a.csv", "a.npz", "a.png", "b.csv", "b.npz", "b.png"]
    assert [path.name for path in written] == names
    table = read_directions(out / "a.csv", "polar")
    assert len(table) and table.frame.max() < 73 and table.label.max() < 2
    outputs = read_frame_outputs(out / "a.npz")
    assert outputs.scores.shape == (73, 2) and outputs.doa.shape == (73, 2, 3)
    assert (out / "a.png").read_bytes()[:4] == b"\x89PNG"
    with (out / "classes.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["index", "label"], ["0", "hiss, loud"], ["1", "hum"]]


@pytest.mark.parametrize(
    ("channels", "rate", "message"),
    [
        (3, RATE, r"3 channels are there, but this run hears 'foa'.*W, Y, Z, X.*no directions"),
        (2, RATE, r"2 channels are there"),
        (5, RATE, r"5 channels are there.*--channels 1,2,3,4 .*1,3,4,2"),
        (4, 48000, r"a\.wav: 48000 Hz, but this run hears 24000 Hz.*--resample"),
    ],
)
def test_other_channels_and_rates_are_refused_with_the_remedy(
    foa_run, tmp_path, channels, rate, message
):
    file = write(tmp_path / "a.wav", channels=channels, rate=rate)
    with pytest.raises(BadFile, match=message):
        hear(foa_run, tmp_path / "out", file)
    assert not (tmp_path / "out").exists()


def test_channels_are_picked_and_ordered_by_their_numbers(foa_run, tmp_path):
    plain = write(tmp_path / "plain.wav", channels=4)
    wave = soundfile.read(plain)[0]
    other = np.column_stack([wave[:, 0] * 0, wave[:, [0, 3, 1, 2]]])  # one more, then W, X, Y, Z
    soundfile.write(tmp_path / "other.wav", other, RATE)
    hear(foa_run, tmp_path, plain)
    hear(foa_run, tmp_path, tmp_path / "other.wav", channels=(2, 4, 5, 3))
    one, two = (read_frame_outputs(tmp_path / f"{name}.npz") for name in ("plain", "other"))
    np.testing.assert_array_equal(one.doa, two.doa)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ((1, 2, 3, 5), "no channel 5, it has 4"),
        ((0, 1, 2, 3), "no channel 0"),
        ((1, 2, 3), "3 channels are picked"),
        ((2,), "1 channel is picked"),
        ((1, 2, 3, 3), "channel 3 is picked twice"),
    ],
)
def test_channels_that_do_not_make_the_layout_are_refused(foa_run, tmp_path, channels, message):
    with pytest.raises(BadFile, match=message):
        hear(foa_run, tmp_path / "out", write(tmp_path / "a.wav"), channels=channels)


def test_another_rate_is_heard_where_that_was_said(foa_run, tmp_path):
    hear(foa_run, tmp_path, write(tmp_path / "a.wav", 2.0, rate=48000), resample=True)
    assert len(read_frame_outputs(tmp_path / "a.npz").scores) == 20


def test_distances_are_written_in_metres_where_the_system_says_them(foa_run, tmp_path, monkeypatch):
    decode = listening.decode

    def with_distance(*arguments, **named):
        prediction = decode(*arguments, **named)
        far = [replace(e, distance=np.full(len(e.doa), 2.5)) for e in prediction.events]
        return replace(prediction, events=EventList(far))

    monkeypatch.setattr(listening, "decode", with_distance)
    hear(foa_run, tmp_path, write(tmp_path / "a.wav"))
    table = read_directions(tmp_path / "a.csv", "polar_distance_m")
    assert set(table.distance) == {2.5}


def test_a_recording_without_any_source_has_an_empty_csv_and_a_picture(
    foa_run, tmp_path, monkeypatch
):
    decode = listening.decode

    def nothing(*arguments, **named):
        return replace(decode(*arguments, **named), events=EventList())

    monkeypatch.setattr(listening, "decode", nothing)
    hear(foa_run, tmp_path, write(tmp_path / "a.wav"))
    assert (tmp_path / "a.csv").read_text() == ""
    assert (tmp_path / "a.png").exists()


def test_nothing_is_written_for_a_recording_that_cannot_be_heard(foa_run, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full((RATE, 4), np.nan), RATE, subtype="FLOAT")
    with pytest.raises(BadFile, match=r"a\.wav: holds NaN"):
        hear(foa_run, tmp_path / "out", tmp_path / "a.wav")
    assert not (tmp_path / "out").exists()


def test_a_run_whose_scores_are_garbled_is_named(foa_run, tmp_path):
    shutil.copytree(foa_run.path, tmp_path / "garbled")
    (tmp_path / "garbled" / "scores.json").write_text("{}")
    with pytest.raises(BadRun, match=r"garbled/scores\.json: lacks or garbles `post`"):
        hear(Run(tmp_path / "garbled"), tmp_path / "out", write(tmp_path / "a.wav"))


def test_names_of_other_classes_are_never_overwritten(foa_run, tmp_path):
    (tmp_path / "classes.csv").write_text("mine\n")
    with pytest.raises(BadFile, match=r"classes\.csv: of other classes than this run's.*--out"):
        hear(foa_run, tmp_path, write(tmp_path / "a.wav"))
    assert (tmp_path / "classes.csv").read_text() == "mine\n"
    with pytest.raises(BadFile, match="named 'classes' would overwrite"):
        hear(foa_run, tmp_path / "out", write(tmp_path / "classes.wav"))
