"""What is mixed how: levels, signal-to-noise ratios, peaks, directions and times of mixtures, as
planned and as measured on what is rendered."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from seldbench.features.ipd_circular8 import IpdCircular8
from seldbench.images import images as pictures
from seldbench.simulation.mixtures import options
from seldbench.simulation.mixtures.balance import active_level
from seldbench.simulation.mixtures.files import MixtureFiles, present, table_file
from seldbench.simulation.mixtures.placing import around, in_a_row
from seldbench.simulation.mixtures.rendering import image, images, render
from seldbench.simulation.mixtures.sampling import RATE, SAMPLES, SPLITS
from seldbench.simulation.mixtures.simulating import simulate_mixtures
from seldbench.simulation.mixtures.table import Source, read_mixtures


class Made:
    """A tiny set, its table in memory."""

    def __init__(self, root, **options):
        self.manifest = simulate_mixtures(root, scale="tiny", jobs=1, **options)
        self.files = MixtureFiles(root / "mix75-sim", self.manifest["array"])
        self.of = {s: read_mixtures(self.files.folder / table_file(s)) for s in SPLITS}
        self.mixtures = [mixture for split in SPLITS for mixture in self.of[split]]

    def stems(self, mixture):
        return [image(self.files, source).astype(np.float64) for source in mixture.sources]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("dominant"))


@pytest.fixture(scope="module")
def equal(tmp_path_factory):
    given = {"levels": "equal", "noise": "coherent", "jitter": 10}
    return Made(tmp_path_factory.mktemp("equal"), **given)


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("head"), array="head")


def test_two_or_three_sources_come_from_directions_of_their_own(made):
    counts = Counter(len(mixture.sources) for mixture in made.mixtures)
    assert counts.keys() == {2, 3}
    for mixture in made.mixtures:
        azimuths = [source.azimuth for source in mixture.sources]
        assert len(set(azimuths)) == len(azimuths)
        assert all(azimuth % 45 == 0 and 0 <= azimuth < 360 for azimuth in azimuths)


def test_every_direction_number_and_class_can_be_the_targets(made):
    targets = [(m.target, m.sources[m.target]) for m in made.mixtures]
    assert {number for number, _ in targets} == {0, 1, 2}
    assert len({source.azimuth for _, source in targets}) >= 7
    assert {source.label for _, source in targets} == set(made.manifest["classes"])


@pytest.mark.parametrize("array", ["made", "head"])
def test_the_target_is_2_to_8_db_above_every_other_source_as_measured_on_its_image(array, request):
    made = request.getfixturevalue(array)
    for mixture in made.mixtures:
        levels = [active_level(stem) for stem in made.stems(mixture)]
        for number, (level, source) in enumerate(zip(levels, mixture.sources)):
            if number != mixture.target:
                assert -8 <= source.level <= -2
            assert level - levels[mixture.target] == pytest.approx(source.level, abs=0.1)


def test_the_signal_to_noise_ratio_measured_on_the_stems_is_the_planned_one(made, equal, head):
    for one in (made, equal, head):
        for mixture in one.mixtures:
            assert 6 <= mixture.snr <= 24
            signal = sum(one.stems(mixture))
            noise = render(one.files, mixture)[0] - signal
            measured = 10 * np.log10(np.square(signal).sum() / np.square(noise).sum())
            assert measured == pytest.approx(mixture.snr, abs=0.1)


def test_ratios_are_spread_by_3_db_about_15_db(made, equal):
    ratios = [mixture.snr for one in (made, equal) for mixture in one.mixtures]
    assert np.mean(ratios) == pytest.approx(15, abs=1.5)
    assert np.std(ratios) == pytest.approx(3, abs=1)


def test_the_loudest_sample_of_all_microphones_is_half_of_full_scale(made, equal):
    for one in (made, equal):
        for mixture in one.mixtures:
            assert np.abs(render(one.files, mixture)).max() == pytest.approx(0.5, abs=1e-5)


def test_log_magnitudes_of_mixtures_and_targets_need_no_clipping_at_full_scale(made):
    for mixture in made.mixtures[:8]:
        for wave in (render(made.files, mixture)[0], image(made.files, mixture.sources[0])):
            shown = pictures(torch.from_numpy(wave.copy())[None])
            assert 0.5 < float(shown.max()) < 1
            assert float(shown.min()) >= 0


def test_every_source_sounds_together_with_the_target_for_half_of_the_shorter_one(made):
    for mixture in made.mixtures:
        target = mixture.sources[mixture.target]
        for source in mixture.sources:
            assert 0 <= source.onset <= SAMPLES - source.samples
            ends = (source.onset + source.samples, target.onset + target.samples)
            together = min(ends) - max(source.onset, target.onset)
            assert together >= min(source.samples, target.samples) / 2


def test_no_sound_comes_twice_in_a_mixture_but_a_class_may(made, equal):
    for mixture in (*made.mixtures, *equal.mixtures):
        files = [source.sound for source in mixture.sources]
        assert len(set(files)) == len(files)
    assert any(len({s.label for s in m.sources}) < len(m.sources) for m in equal.mixtures)


def test_splits_share_neither_a_sound_nor_a_recording_of_noise(made):
    content = {
        split: {
            (made.files.folder / file).read_bytes() for file in present(made.files.folder, split)
        }
        for split in SPLITS
    }
    assert all(len(files) >= 10 for files in content.values())
    assert not content["train"] & content["valid"]
    assert not (content["train"] | content["valid"]) & content["test"]
    for split, mixtures in made.of.items():
        assert {file.split("/")[1] for m in mixtures for file in m.files} == {split}


def test_equal_levels_have_three_sources_alike(equal):
    for mixture in equal.mixtures:
        assert len(mixture.sources) == 3
        levels = [active_level(stem) for stem in equal.stems(mixture)]
        assert levels == pytest.approx([levels[0]] * 3, abs=0.1)


def test_jitter_moves_sources_by_whole_degrees_off_directions_that_stay_distinct(equal):
    places = []
    for mixture in equal.mixtures:
        off = [(source.azimuth + 22) % 45 - 22 for source in mixture.sources]
        assert all(-10 <= degrees <= 10 for degrees in off)
        nearest = {round(source.azimuth / 45) % 8 for source in mixture.sources}
        assert len(nearest) == 3
        places += off
    assert len(set(places)) > 10


# Placing


def test_sounds_of_any_length_find_a_place_around_the_target():
    rng = np.random.default_rng(0)
    for _ in range(500):
        lengths = rng.integers(1, SAMPLES + 1, 3)
        target = int(rng.integers(3))
        onsets = around(target, lengths.tolist(), rng)
        for onset, length in zip(onsets, lengths):
            assert 0 <= onset <= SAMPLES - length
            end = min(onset + length, onsets[target] + lengths[target])
            assert end - max(onset, onsets[target]) >= min(length, lengths[target]) / 2


def test_short_sounds_may_lie_anywhere():
    rng = np.random.default_rng(0)
    first = [around(0, [1000, 1000], rng)[0] for _ in range(300)]
    assert min(first) < 5000 and max(first) > SAMPLES - 6000


def test_in_a_row_each_sound_begins_within_the_last_three_quarters_of_a_second_of_the_one_before():
    rng = np.random.default_rng(0)
    for _ in range(100):
        lengths = [15_000, 20_000, 25_000]
        onsets = in_a_row(lengths, rng)
        assert onsets[0] == 0
        for k in (1, 2):
            overlap = onsets[k - 1] + lengths[k - 1] - onsets[k]
            assert 0 <= overlap <= 0.75 * RATE


def test_in_a_row_what_would_not_end_within_the_clip_begins_earlier():
    rng = np.random.default_rng(0)
    assert in_a_row([40_000, 60_000, SAMPLES], rng) == [0, SAMPLES - 60_000, 0]


# The physical check: a direction can be told from the features that networks are given


def features_of(files, sound, azimuth):
    """Phase differences of one clean source, averaged over the frames: (14, bins)."""
    dry = files.whole(sound)
    source = Source("a", sound, azimuth, 0, len(dry), 0.0, 0.5)
    feature = IpdCircular8()
    spectrum = feature.spectrum(torch.from_numpy(images(files.array, [source], [dry]).copy())[None])
    return feature.finish(spectrum, feature.statistic(spectrum))[0, 1:].mean(dim=1).numpy()


def test_the_nearest_template_of_mean_phase_differences_finds_the_direction_of_clean_sources(made):
    directions = range(0, 360, 45)
    train, test = (sounds_of(made, split) for split in ("train", "test"))
    templates = np.array(
        [np.mean([features_of(made.files, s, a) for s in train[::2]], axis=0) for a in directions]
    )
    right = [
        np.square(templates - features_of(made.files, sound, azimuth)).sum(axis=(1, 2)).argmin()
        == k
        for sound in test
        for k, azimuth in enumerate(directions)
    ]
    assert len(right) == 64
    assert np.mean(right) > 0.95


def sounds_of(made, split):
    return [file for file in present(made.files.folder, split) if file.startswith("sounds")]


def test_a_plan_hangs_on_its_own_number_alone(made, tmp_path):
    # given a set of fewer mixtures of the same sounds: the same mixtures, as far as there are
    fewer = replace(options.SCALES["tiny"], mixtures=(3, 2, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(options, "SCALES", {"tiny": fewer})
        small = Made(tmp_path)
    for split in SPLITS:
        assert small.of[split] == made.of[split][: len(small.of[split])]
