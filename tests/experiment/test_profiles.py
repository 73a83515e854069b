"""A system costs what all of its networks do, in every way that they hear a clip."""

import pytest
import torch

from seldbench.contracts import Clip, Quiet
from seldbench.experiment import profiles
from seldbench.experiment.counting import counting
from seldbench.experiment.preparing import Data
from seldbench.experiment.profiles import (
    Stopwatch,
    counted,
    latency,
    macs_per_second,
    memory,
    parts_of,
    window_of,
)
from seldbench.experiment.run import Experiment
from seldbench.recipe import recipe_file, resolve
from seldbench.report.results.score_files import of_run

CPU = torch.device("cpu")
CLASSES = tuple("abcdefghijkl")
TINY = {"model.width": 32, "model.heads": 2, "model.blocks": 1}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """No time for many repeats."""
    monkeypatch.setattr(profiles, "SECONDS", 0.0)


def recipe(arch, dataset, variant=None, **settings):
    return resolve(recipe_file(arch, dataset), dataset, variant, settings)


def total(part, seconds):
    return counted(part, seconds).total


@pytest.fixture(scope="module")
def m2m():
    """{stage: part} of two networks, one of which hears each microphone."""
    return parts_of(recipe("m2m_ast", "tnsse2021", "2+4", **TINY), CLASSES)


def test_one_window_is_its_features_and_its_network(toy_recipe):
    (part,) = parts_of(toy_recipe(), CLASSES[:2])
    windowing, network = part.assembly.windowing, part.assembly.network
    count = counted(part, windowing.window)
    assert count.windows == 1
    # Convolutions 3 x 3 of 1, 4 and 8 channels; gates; the recurrence; both heads. By hand:
    frames, bins = windowing.frames, windowing.features.bins
    halves = (frames // 2) * (bins // 4)
    assert count.network["convolution"] == 9 * (frames * bins * 1 * 4 + halves * 4 * 8)
    steps, wide = frames // 4, 8 * (bins // 16)
    assert count.network["recurrence"] == steps * 2 * 3 * 8 * ((wide + 8) + (16 + 8))
    gates = frames * bins * 4 * 4 + halves * 8 * 8
    assert count.network["linear"] == gates + steps * 2 * 16 * 2  # frames, and what attends to them
    waves = torch.zeros(1, 1, windowing.samples)
    with counting(part.assembly.features) as found:
        windowing.features.spectrum(waves)
    # Frames of context are made and dropped where a clip begins and ends.
    margin = 2 * windowing.features.margin / windowing.features.frames(windowing.samples)
    assert count.features["linear"] == pytest.approx(found["linear"] * (1 + margin), rel=0.01)
    assert not network.training


def test_a_longer_clip_is_heard_in_windows_that_overlap(toy_recipe):
    (part,) = parts_of(toy_recipe(**{"inference.hop": 1.0}), CLASSES[:2])
    assert part.assembly.windowing.window == 2.0
    once, longer = counted(part, 2.0), counted(part, 2.0 + 4 * 0.96)  # whole label frames: 0.96 s
    assert (once.windows, longer.windows) == (1, 5)
    assert longer.network == {kind: 5 * macs for kind, macs in once.network.items()}
    assert 2 * once.features["fft"] < longer.features["fft"] < 4 * once.features["fft"]


def test_each_microphone_and_each_rotation_costs_its_own(m2m):
    activity, _ = m2m
    assert [part.role for part in m2m] == ["activity", "directions"]
    heard = {part.role: counted(part, 3.0).windows for part in m2m}
    assert heard == {"activity": 4, "directions": 16}
    with counting(activity.assembly.network) as one:
        features = activity.assembly.windowing.features
        window = torch.zeros(1, features.channels, 300, features.bins)
        activity.assembly.network(window)
    assert counted(activity, 3.0).network == {kind: 4 * macs for kind, macs in one.items()}


def test_a_system_of_two_stages_costs_what_both_do(m2m):
    system = recipe("m2m_ast", "tnsse2021", "2+4", **TINY)
    both = sum(total(part, 3.0) for part in m2m)
    assert macs_per_second(system, CLASSES) == round(both / 3.0)


def test_what_another_stage_says_is_paid_for_too():
    small = recipe("bicrnn", "desed", "small_tag_conditioned", **{"model.base": 2})
    parts = parts_of(small, CLASSES[:10])
    assert [(part.role, part.assembly.stage.architecture) for part in parts] == [
        ("whole", "bicrnn"),
        ("input", "fb_crnn"),
    ]
    seconds = window_of(parts)
    whole, tagger = (total(part, seconds) for part in parts)
    assert tagger > 0
    assert macs_per_second(small, CLASSES[:10]) == round((whole + tagger) / seconds)


def test_a_stage_that_labels_or_starts_another_is_not_paid_for_by_answers():
    small = recipe("bicrnn", "desed", "small_self_training", **{"model.base": 2})
    assert len(small.stages) > 1
    assert [part.name for part in parts_of(small, CLASSES[:10])] == [small.shown_stage]


def test_asked_about_each_direction_the_search_and_one_question_are_paid_for():
    settings = {"model.width": 4}
    (once,) = parts_of(recipe("overlap_e2e", "mix75-sim", "small_overlapped", **settings), CLASSES)
    (each,) = parts_of(
        recipe("overlap_e2e", "mix75-sim", "small_overlapped@all", **settings), CLASSES
    )
    assert [set(given) for given in each.passes] == [set(), {"direction"}]
    ssl = once.assembly.network.ssl
    features = once.assembly.windowing.features
    with counting(ssl.eval()) as search:
        ssl(torch.zeros(1, features.channels, once.assembly.windowing.frames, features.bins))
    whole, asked = counted(once, 4.112), counted(each, 4.112)
    assert asked.windows == 2
    assert asked.network["convolution"] == whole.network["convolution"] + search["convolution"]
    assert asked.features["fft"] == 2 * whole.features["fft"]
    assert latency([each], 4.112, 1, CPU).computing > 0


def test_the_whole_of_overlapping_learning_is_15_gflop_a_window():
    (part,) = parts_of(recipe("overlap_e2e", "mix75-sim", "overlapped"), range(75))
    count = counted(part, 4.112)
    assert part.parameters == 32_145_877
    assert 2 * sum(count.network.values()) / 1e9 == pytest.approx(15.1, abs=0.05)


def test_latency_names_what_was_heard(toy_recipe):
    (part,) = parts_of(toy_recipe(**{"inference.hop": 1.0}), CLASSES[:2])
    alone, four = (latency([part], 3.92, batch, CPU) for batch in (1, 4))
    assert (alone.windows, four.windows, four.batch) == (3, 3, 4)
    assert alone.repeats >= 3
    assert alone.memory is None
    assert alone.real_time_factor == pytest.approx(alone.computing / 3.92)
    assert four.milliseconds == pytest.approx(1000 * four.computing / 12)


def test_memory_is_that_of_results_and_not_of_weights(toy_recipe):
    (part,) = parts_of(toy_recipe(), CLASSES[:2])
    found = memory(part)
    frames, bins = part.assembly.windowing.frames, part.assembly.windowing.features.bins
    widest = 4 * 4 * frames * bins  # bytes of what the first convolution says
    assert 2 * widest <= found <= 6 * widest


def test_a_run_says_what_it_costs(toy, toy_recipe, tmp_path):
    experiment = Experiment(
        toy_recipe(**{"training.epochs": 1, "training.steps": 1, "select": "last"}),
        Data(toy, limit=6),
        0,
        tmp_path / "runs",
    )
    run = experiment.run(CPU, Quiet())
    cost = of_run(run.path).cost
    assert cost.macs_per_second == macs_per_second(experiment.recipe, toy.classes)
    assert 0 < cost.real_time_factor < 10
    assert (cost.device, cost.threads) == ("cpu", torch.get_num_threads())
    assert cost.batch == 24


def test_a_watch_stands_still_between_clips(monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    clips = [Clip("a", 2.0, {}), Clip("b", 3.0, {})]
    watch = Stopwatch()
    assert watch.real_time_factor is None
    for _ in watch.each(iter([(clip, "said") for clip in clips])):
        next(now), next(now)  # written, say
    # Three times it was asked for the next clip, one tick each.
    assert (watch.computing, watch.audio) == (3, 5.0)
    with watch.over(clips):
        pass
    assert watch.real_time_factor == (3 + 1) / 10.0
