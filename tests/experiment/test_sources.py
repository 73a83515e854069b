"""Systems that answer about the sources of mixtures: one answer, or one for every direction."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from seldbench.annotations import read_answers, read_sources
from seldbench.audio import AudioFile, Waveform
from seldbench.contracts import Clip, PostProcessing, Quiet
from seldbench.errors import BadFile, BadRecipe
from seldbench.events import Event, EventList
from seldbench.experiment.assembly import assemble, input_sizes
from seldbench.experiment.graph import Data
from seldbench.experiment.run import Experiment
from seldbench.experiment.source_files import source_table
from seldbench.experiment.sources import SourceListener
from seldbench.experiment.start import summary
from seldbench.geometry import angles, circle, unit_vectors
from seldbench.listen import listen
from seldbench.recipe import resolve

CPU = torch.device("cpu")
RATE, SAMPLES = 16000, 65792
KINDS = ("bell", "rain", "saw")
RECIPE = """
title = "Toy cascade"
source = "the tests"
scorers = ["sources"]
shown_stage = "singles"
features = "ipd_circular8"
layout = "circular8"
batch = { train = 2 }
select = { valid = "loss" }
[model]
width = 2
[training]
epochs = 1
steps = 1
window = 4.112
keep_spectra = "never"
[post]
origin = "the tests"
[oracles]
direction = { direction = "direction" }
separation = { separated = "spectrogram" }
[stages.ssl]
model = { parts = ["ssl"] }
heads = { direction = { format = "direction", loss = "mse", on = ["train"] } }
[stages.sss]
model = { parts = ["sss"] }
heads = { spectrogram = { format = "spectrogram", loss = "mse", on = ["train"] } }
inputs = { direction = { truth = "direction" } }
[stages.ssc]
features = "log_magnitude"
layout = "target"
model = { parts = ["ssc"] }
heads = { class = { format = "source_class", loss = "mse", on = ["train"] } }
[stages.singles]
model = { link = "hard" }
training = { epochs = 0 }
select = "last"
[stages.singles.heads]
direction = { format = "direction", loss = "mse", on = ["train"] }
spectrogram = { format = "spectrogram", loss = "mse", on = ["train"] }
class = { format = "source_class", loss = "mse", on = ["train"] }
[stages.singles.init]
ssl = { stage = "ssl", part = "ssl" }
sss = { stage = "sss", part = "sss" }
ssc = { stage = "ssc", part = "ssc" }
[variants.dominant]
[variants.all]
system = "each_direction"
post = { direction = 0.2, tune = { on = "valid", score = "direction_f1", directions = [0.9] } }
[variants.all.stages]
ssl.model.directions = "any"
singles.model.directions = "any"
singles.inputs.direction = { truth = "direction" }
ssl.heads.direction.format = { name = "direction", of = "all" }
singles.heads.direction.format = { name = "direction", of = "all" }
"""


def mixture(name, seed, places):
    """Sources of noise at these places of the circle, heard alike by all microphones; the target
    is the first."""
    draw = np.random.default_rng([5, seed])
    waves = {k: 0.05 * draw.standard_normal((1, SAMPLES)) / (k + 1) for k in range(len(places))}
    stems = {k: Waveform(wave, RATE) for k, wave in waves.items()}
    events = [
        Event(0.0, 4.112, KINDS[(seed + k) % 3], source=k, doa=unit_vectors(circle(8)[place], 0.0))
        for k, place in enumerate(places)
    ]
    recordings = {
        "circular8": Waveform(np.repeat(sum(waves.values()), 8, axis=0), RATE),
        "target": stems[0],
    }
    return Clip(name, 4.112, recordings, EventList(events), stems=stems, target=0)


class ToyMixtures:
    """Signs the contract Dataset."""

    name, task, grid, folds, classes = "toy", "separation", None, 1, KINDS
    splits = ("train", "valid", "test")
    citation, licence, simulated = "none", "MIT", "noise"

    def __init__(self):
        places = [(0, 2), (5, 7, 1), (4, 3)]
        self.made = {
            split: [mixture(f"{split}_{i}", i, of) for i, of in enumerate(places)]
            for split in self.splits
        }

    def clips(self, split, fold=0):
        return self.made[split]

    def coverage(self, split):
        return 3, 3

    def fingerprint(self):
        return "mixtures-1"

    def notes(self, split):
        return []

    def provenance(self):
        return {"sounds": "builtin"}


class Scripted(nn.Module):
    """Says of a mixture's n-th hearing what a script says, and remembers what it was given."""

    hop = 256 / RATE

    def __init__(self, directions):
        super().__init__()
        self.directions, self.given, self.at = directions, [], 0

    def forward(self, features, direction=None, separated=None):
        batch = len(features)
        if direction is None and separated is None:
            rows = [self.directions[(self.at + i) % len(self.directions)] for i in range(batch)]
            self.at += batch
        else:
            rows = [np.zeros(8)] * batch
        classes = torch.zeros(batch, 3)
        if direction is not None:
            self.given += direction.argmax(dim=1).tolist()
            classes[torch.arange(batch), direction.argmax(dim=1) % 3] = 1.0
        images = features[:, :1].transpose(1, 2)  # the mixture itself: (batch, frames, 1, bins)
        said = torch.from_numpy(np.array(rows)).float()
        return {"direction": said, "class": classes, "spectrogram": images}


@pytest.fixture
def recipe_of(tmp_path):
    def make(variant, text=RECIPE):
        path = tmp_path / "overlap_e2e" / "toy.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return resolve(path, "toy", variant, {})

    return make


@pytest.fixture
def scripted(recipe_of):
    def make(variant, directions):
        recipe = recipe_of(variant)
        stage = recipe.stages["singles"]
        assembly = assemble(stage, KINDS, 0, input_sizes(recipe, stage, KINDS))
        network = Scripted(directions)
        assembly = replace(assembly, network=network)
        return SourceListener(recipe, assembly, CPU, Quiet()), network

    return make


def scores(*above, level=0.6):
    found = np.full(8, 0.1)
    found[list(above)] = level
    return found


def post(direction=None):
    return PostProcessing(
        dict.fromkeys(KINDS, 0.5), dict.fromkeys(KINDS, 0.0), "x", {}, (), direction
    )


def test_the_dominant_protocol_has_one_answer_a_mixture_from_the_highest_direction(scripted):
    listener, _ = scripted("dominant", [scores(3), scores(6), scores(0)])
    clips = ToyMixtures().clips("test")
    found = list(listener.answers(clips, post()))
    assert [clip.id for clip, _ in found] == ["test_0", "test_1", "test_2"]
    assert [[one.azimuth for one in of] for _, of in found] == [[135.0], [-90.0], [0.0]]


def test_every_direction_above_the_threshold_is_asked_about_in_order(scripted):
    listener, network = scripted("all", [scores(7, 1), scores(), scores(0, 4, 5)])
    clips = ToyMixtures().clips("test")
    found = list(listener.answers(clips, post(0.5)))
    assert network.given[-5:] == [1, 7, 0, 4, 5]  # before them silence was heard
    assert [[one.azimuth for one in of] for _, of in found] == [[45, -45], [], [0, -180, -135]]
    classes = [[int(one.scores.argmax()) for one in of] for _, of in found]
    assert classes == [[1, 1], [], [0, 1, 2]]
    # What is separated has the mixture's phase: an image that is the mixture's gives it back.
    whole = clips[0].recordings["circular8"].read()[0]
    assert np.allclose(found[0][1][0].signal, whole, atol=1e-4)


def test_mixtures_beyond_one_group_keep_their_own_answers(scripted, monkeypatch):
    monkeypatch.setattr("seldbench.experiment.sources.TOGETHER", 2)
    listener, _ = scripted("all", [scores(7, 1), scores(3), scores(0, 4, 5)])
    found = list(listener.answers(ToyMixtures().clips("test"), post(0.5)))
    assert [[one.azimuth for one in of] for _, of in found] == [[45, -45], [135], [0, -180, -135]]


def test_the_threshold_is_that_of_the_best_f1_and_the_first_of_equals(scripted):
    # The true places are (0, 2), (5, 7, 1), (4, 3): at 0.3 all are found and one more.
    said = [scores(0, 2, level=0.9), scores(5, 7, 1, level=0.4), scores(4, 3, 6, level=0.4)]
    listener, _ = scripted("all", said)
    clips = ToyMixtures().clips("valid")
    assert listener.threshold(clips, [0.5, 0.3, 0.2, 0.05]) == 0.3


def test_a_true_direction_is_given_and_no_other_is_found(scripted):
    listener, network = scripted("dominant", [scores(3)])
    found = list(listener.with_truth("direction", ToyMixtures().clips("test"), post()))
    assert network.given == [0, 5, 4]  # the targets' places
    assert [int(one.scores.argmax()) for _, one in found] == [0, 2, 1]
    assert all(one.signal is None and one.azimuth is None for _, one in found)


def run_of(recipe, folder):
    return Experiment(recipe, Data(ToyMixtures()), 0, folder).run(CPU, Quiet())


def test_a_run_leaves_what_is_scored_one_answer_a_mixture(recipe_of, tmp_path):
    run = run_of(recipe_of("dominant"), tmp_path / "runs")
    said = read_answers(run.predictions / "answers.tsv")
    assert said.mixtures == ("test_0", "test_1", "test_2") and len(said) == 3
    true = read_sources(run.reference / "sources.tsv")
    assert true.target.sum() == 3 and len(true) == 7
    for name in ("direction", "separation"):
        assert len(read_answers(run.predictions / f"oracle_{name}.tsv")) == 3
    stem = AudioFile(run.reference / "signals" / "test_1" / "2.flac").read()[0]
    assert np.allclose(stem, ToyMixtures().clips("test")[1].stems[2].read()[0], atol=1 / 32768)
    assert AudioFile(run.predictions / "separated" / "test_2.flac").duration == 4.112
    scored = run.scores
    assert scored["task"] == "separation" and scored["parameters"] > 0
    assert scored["scores"]["accuracy"] in (0, 1 / 3, 2 / 3, 1)
    assert scored["scores"]["accuracy_oracle_separation"] is not None
    shown = [line.split()[0] for line in summary(scored)]
    assert "direction_accuracy" in shown and "direction_recall" not in shown


def test_a_run_about_every_direction_tunes_its_threshold_and_numbers_its_answers(
    recipe_of, tmp_path
):
    run = run_of(recipe_of("all"), tmp_path / "runs")
    said = read_answers(run.predictions / "answers.tsv")
    chosen = run.scores["post"]
    assert chosen["direction"] in (0.2, 0.9) and chosen["origin"] == "direction_f1 on valid"
    assert said.mixtures == ("test_0", "test_1", "test_2")
    for k, name in enumerate(said.mixtures):
        own = said.answer[said.mixture == k]
        assert own.tolist() == list(range(len(own)))
        files = list((run.predictions / "separated").glob(f"{name}/*.flac"))
        assert len(files) == len(own)
    oracle = read_answers(run.predictions / "oracle_direction.tsv")
    assert oracle.source.tolist() == [0, 1, 0, 1, 2, 0, 1]


def test_predict_writes_directions_sources_and_a_picture(recipe_of, tmp_path):
    run = run_of(recipe_of("dominant"), tmp_path / "runs")
    clip = ToyMixtures().clips("test")[0]
    for name, seconds in (("whole", 4.112), ("long", 9.0), ("short", 1.0)):
        wave = np.tile(clip.recordings["circular8"].read(), 3)[:, : round(seconds * RATE)]
        soundfile.write(tmp_path / f"{name}.wav", wave.T, RATE)
        out = tmp_path / "out"
        paths = list(
            listen(str(run.path), [tmp_path / f"{name}.wav"], out, runs=tmp_path, progress=Quiet())
        )
        assert [p.relative_to(out).as_posix() for p in paths] == [
            f"{name}.answers.tsv",
            f"{name}/0.wav",
            f"{name}.png",
        ]
        assert AudioFile(out / name / "0.wav").duration == pytest.approx(seconds, abs=1e-4)
        assert read_answers(out / f"{name}.answers.tsv").classes == KINDS
    soundfile.write(tmp_path / "four.wav", wave[:4].T, RATE)
    with pytest.raises(BadFile, match="8 microphones on a horizontal circle"):
        list(listen(str(run.path), [tmp_path / "four.wav"], out, runs=tmp_path, progress=Quiet()))


@pytest.fixture
def heard(recipe_of, tmp_path):
    """Predicts recordings of a number of channels at a rate, from a run with one answer each."""
    run = run_of(recipe_of("dominant"), tmp_path / "runs")

    def hear(name, rate=RATE, there=8, **options):
        wave = 0.1 * np.random.default_rng(0).standard_normal((rate, there))
        soundfile.write(tmp_path / f"{name}.wav", wave, rate)
        given = {"runs": tmp_path, "progress": Quiet(), **options}
        return list(listen(str(run.path), [tmp_path / f"{name}.wav"], tmp_path / "out", **given))

    return hear


def test_separated_signals_keep_their_rate_whatever_the_recording_s(heard):
    for rate in (48_000, 44_100):
        _, separated, picture = heard("fast", rate, resample=True)
        assert soundfile.info(separated).samplerate == RATE
        assert soundfile.info(separated).frames == RATE  # a second
        assert picture.exists()


def test_a_prediction_takes_the_place_of_all_that_an_earlier_one_separated(heard, tmp_path):
    folder = tmp_path / "out" / "again"
    folder.mkdir(parents=True)
    for number in range(8):
        (folder / f"{number}.wav").write_text("earlier")
    heard("again")
    assert [path.name for path in folder.iterdir()] == ["0.wav"]
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(BadFile, match=r"again: .*'notes\.txt' is none of them; .*--out"):
        heard("again")
    assert (folder / "notes.txt").read_text() == "mine"


def test_the_channels_that_an_error_names_can_be_picked(heard):
    with pytest.raises(BadFile, match=r"9 channels are there.*--channels 1,2,3,4,5,6,7,8$"):
        heard("nine", there=9)
    assert len(heard("nine", there=9, channels=(1, 2, 3, 4, 5, 6, 7, 8))) == 3


def test_one_answer_a_mixture_needs_mixtures_that_ask_for_one_source(recipe_of, tmp_path):
    data = ToyMixtures()
    data.made["test"] = [replace(clip, target=None) for clip in data.made["test"]]
    with pytest.raises(BadRecipe, match=r"3 of 3 test mixtures ask for none.*@all"):
        Experiment(recipe_of("dominant"), Data(data), 0, tmp_path).prepare()
    assert Experiment(recipe_of("all"), Data(data), 0, tmp_path).prepare()


@pytest.mark.parametrize(
    "variant, old, new, words",
    [
        ("dominant", 'shown_stage = "singles"', 'shown_stage = "sss"', "nobody knows at test"),
        ("all", "post = { direction = 0.2, ", "post = { ", "threshold of directions"),
        ("all", "directions = [0.9]", "directions = []", "direction_f1"),
        ("all", 'system = "each_direction"\n', "", "nobody knows at test"),
        ("all", 'truth = "direction"', 'head = "direction"', "say together"),
    ],
)
def test_recipes_that_ask_for_what_nobody_says_are_refused(recipe_of, variant, old, new, words):
    with pytest.raises(BadRecipe, match=words):
        recipe_of(variant, RECIPE.replace(old, new))


def test_clips_without_directions_cannot_be_a_truth(recipe_of, tmp_path):
    data = ToyMixtures()
    for split, clips in data.made.items():
        data.made[split] = [
            replace(c, events=EventList([replace(e, doa=None) for e in c.events])) for c in clips
        ]
    with pytest.raises(BadRecipe, match="direction"):
        Experiment(recipe_of("dominant"), Data(data), 0, tmp_path).prepare()


def test_the_reference_names_directions_as_the_field_does():
    clip = ToyMixtures().clips("test")[2]
    assert [round(float(angles(e.doa)[0])) for e in clip.events] == [-180, 135]
    assert source_table([clip]).azimuth.tolist() == [-180, 135]


@pytest.mark.parametrize("degrees, written", [(270, -90), (180, -180), (-90, -90), (351, -9)])
def test_whole_degrees_are_written_as_whole_degrees(degrees, written):
    clip = ToyMixtures().clips("test")[2]
    event = replace(clip.events[0], doa=unit_vectors(float(degrees), 0.0))
    table = source_table([replace(clip, events=EventList([event]))])
    assert table.azimuth.tolist() == [written]
