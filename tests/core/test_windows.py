"""Windows: at training and at test the same frames of the same clip."""

import numpy as np
import pytest
import torch

from seldbench import registry
from seldbench.audio import AudioFile, Waveform
from seldbench.contracts import Clip
from seldbench.datasets._seld_files import Arrays
from seldbench.errors import BadFile, MissingData
from seldbench.microphones import microphones
from seldbench.windows import Windowing


def noise_clip(duration, rate=16000, array="mono"):
    wave = np.random.default_rng(5).standard_normal((1, round(duration * rate))) * 0.1
    return Clip("noise.wav", duration, {array: Waveform(wave.astype(np.float32), rate)})


def whole_waves(windowing, clip):
    """The whole recording with zeros up to the end of the last window."""
    waves = clip.recordings["mono"].read()
    last = round(windowing.onsets(clip.duration, windowing.window)[-1] * 16000)
    return np.pad(waves, ((0, 0), (0, last + windowing.samples - waves.shape[1])))


def whole_features(windowing, clip):
    features = windowing.features
    spectrum = features.spectrum(torch.from_numpy(whole_waves(windowing, clip))[None])
    return features.finish(spectrum, features.statistic(spectrum))


@pytest.mark.parametrize("duration", [9.7, 10.0, 4.0, 2.5])
def test_a_windows_features_equal_the_same_frames_of_the_whole_clips(duration):
    # For every other feature: tests/features/test_every_feature.py.
    windowing = Windowing(registry.find("features", "logmel_desed")(), 4.0, 0.064)
    clip = noise_clip(duration)
    whole = whole_features(windowing, clip)
    statistic = windowing.statistic(clip)[None]
    for onset in windowing.onsets(duration, 1.6):
        cut = windowing.spectrum(torch.from_numpy(windowing.cut(clip, onset))[None])
        first = round(onset / windowing.features.hop)
        window = windowing.features.finish(cut, statistic, first)
        assert window.shape[-2] == windowing.frames
        torch.testing.assert_close(
            window, whole[:, :, first : first + windowing.frames], atol=1e-4, rtol=0
        )


def test_windows_cover_a_clip_and_the_last_one_ends_with_it():
    windowing = Windowing(registry.find("features", "logmel_desed")(), 4.0, 0.064)
    onsets = windowing.onsets(9.7, 2.0)
    assert onsets[0] == 0
    assert 9.7 <= onsets[-1] + 4.0 < 9.7 + 0.064
    np.testing.assert_allclose(np.array(onsets) / 0.064, np.round(np.array(onsets) / 0.064))
    assert np.diff(onsets).max() <= 2.0
    assert windowing.onsets(3.0, 2.0) == [0.0]


def test_another_rate_is_resampled_and_another_array_is_an_error():
    windowing = Windowing(registry.find("features", "logmel_desed")(), 1.0, 0.064)
    margins = 2 * windowing.features.margin * 256
    assert windowing.cut(noise_clip(1.0, rate=44100), 0.0).shape == (1, 16000 + margins)
    with pytest.raises(BadFile, match=r"noise.wav: has no 'mono' recording \(it has: foa\)"):
        windowing.cut(noise_clip(1.0, array="foa"), 0.0)


def test_a_layout_that_is_not_there_is_told_by_the_set_that_looked_for_it():
    windowing = Windowing(registry.find("features", "logmel")(), 1.0, 0.1)
    heard = noise_clip(1.0, 24000, "foa").recordings
    clip = Clip("a", 1.0, Arrays(heard, {"mono": "no mono: looked for a.wav"}))
    with pytest.raises(MissingData, match=r"no mono: looked for a\.wav"):
        windowing.check([clip])
    with pytest.raises(MissingData, match=r"no mono: looked for a\.wav"):
        windowing.cut(clip, 0.0)


def test_a_check_opens_every_recording(tmp_path):
    windowing = Windowing(registry.find("features", "logmel_desed")(), 1.0, 0.064)
    absent = Clip("a", 1.0, {"mono": AudioFile(tmp_path / "a.wav")})
    windowing.check([noise_clip(1.0)])
    with pytest.raises(BadFile, match=r"a\.wav: cannot be read"):
        windowing.check([noise_clip(1.0), absent])


@pytest.mark.parametrize("duration", [2.5, 10.0, 10.02, 20.0, 27.3])
def test_a_long_clips_spectrum_made_block_by_block_is_that_of_the_whole(duration):
    windowing = Windowing(registry.find("features", "logmel_desed")(), 4.0, 0.064)
    clip = noise_clip(duration)
    at_once = windowing.features.spectrum(torch.from_numpy(whole_waves(windowing, clip))[None])
    torch.testing.assert_close(windowing.whole_spectrum(clip), at_once, atol=1e-5, rtol=1e-5)


def test_kept_spectra_are_made_once_and_give_the_windows(tmp_path):
    windowing = Windowing(registry.find("features", "logmel_desed")(), 4.0, 0.064)
    clip, other = noise_clip(9.7), noise_clip(5.0)
    onset = windowing.onsets(9.7, 2.0)[1]
    made = windowing.spectrum(torch.from_numpy(windowing.cut(clip, onset))[None])[0]
    windowing.store.open(tmp_path / "spectra")
    torch.testing.assert_close(windowing.kept_window(clip, onset), made, atol=1e-5, rtol=1e-5)
    windowing.whole_spectrum(other)  # of the same name, another recording
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "spectra").iterdir()}
    windowing.kept_window(clip, 0.0)
    assert len(files) == 2
    assert files == {p: p.stat().st_mtime_ns for p in (tmp_path / "spectra").iterdir()}
    windowing.store.close()
    assert not (tmp_path / "spectra").exists()


@pytest.mark.parametrize("duration", [4.0, 10.0, 10.01, 10.02, 10.03, 10.5, 20.02, 23.37])
def test_blocks_give_all_full_frames_of_a_whole_clip(duration):
    # Frames of fbank_ast lie within the clip: its last block may hold less than one.
    windowing = Windowing(registry.find("features", "fbank_ast")(), 4.0, 0.01)
    clip = noise_clip(duration)
    at_once = windowing.features.spectrum(torch.from_numpy(whole_waves(windowing, clip))[None])
    assert at_once.shape[2] == windowing.features.frames(round(duration * 16000))
    torch.testing.assert_close(windowing.whole_spectrum(clip), at_once, atol=1e-4, rtol=0)


def test_windows_of_full_frames_equal_the_same_frames_of_the_whole_clips():
    windowing = Windowing(registry.find("features", "fbank_ast")(), 2.0, 0.1)
    clip = noise_clip(5.05)
    whole = windowing.whole_features([clip])
    for onset in windowing.onsets(clip.duration, 1.0):
        cut = windowing.spectrum(torch.from_numpy(windowing.cut(clip, onset))[None])
        heard = torch.tensor([windowing.heard(clip, onset)])
        window = windowing.blanked(windowing.features.finish(cut, cut), heard)
        first = round(onset * 100)
        assert window.shape[2] == windowing.frames == 198
        torch.testing.assert_close(window, whole[:, :, first : first + 198], atol=1e-4, rtol=0)


def test_frames_beyond_the_recording_are_blank():
    # 5.05 s are 1 + floor((80800 - 400) / 160) = 503 full frames.
    clip = noise_clip(5.05)
    padded = Windowing(registry.find("features", "fbank_ast")(), 10.0, 0.1)
    finished = padded.whole_features([clip, noise_clip(7.0)])
    assert padded.heard(clip) == 503
    assert padded.heard(clip, 4.0) == 103
    assert padded.heard(clip, 6.0) == 0
    assert finished.shape[2] == 998
    assert not finished[0, :, 503:].any()
    assert finished[0, :, :503].all(-1).all()
    assert finished[1, :, :698].all(-1).all()

    silent = Windowing(registry.find("features", "fbank_ast")(blank=False), 10.0, 0.1)
    tail = silent.whole_features([clip])[0, 0, 505:]
    assert torch.all(tail == torch.tensor(silent.features.silence()))


def test_a_window_shorter_than_a_frame_is_told():
    windowing = Windowing(registry.find("features", "fbank_ast")(), 0.02, 0.01)
    with pytest.raises(BadFile, match=r"noise.wav: a window of 0.02 s has no frame"):
        windowing.whole_spectrum(noise_clip(0.02))


# --- microphones, each heard alone


def scene(seconds=6.0, seed=5):
    wave = np.random.default_rng(seed).standard_normal((4, round(seconds * 24000))) * 0.1
    recordings = {"mic": Waveform(wave.astype(np.float32), 24000)}
    return Clip("scene", seconds, recordings, labels=frozenset({"dog"}))


def test_each_microphone_is_a_clip_with_all_that_is_known_of_the_scene():
    clip = scene()
    every = microphones(clip, "mic")
    whole = clip.recordings["mic"].read(0.5, 1.0)
    assert [(m.id, m.duration, m.labels) for m in every] == [("scene", 6.0, {"dog"})] * 4
    for n, one in enumerate(every):
        assert list(one.recordings) == ["mono"]
        np.testing.assert_array_equal(one.recordings["mono"].read(0.5, 1.0), whole[n : n + 1])


def test_microphones_of_files_open_nothing_before_they_are_read(tmp_path):
    clip = Clip("a", 1.0, {"mic": AudioFile(tmp_path / "a.wav")})
    first = microphones(clip, "mic")[0]
    with pytest.raises(BadFile, match=r"a\.wav: cannot be read"):
        first.recordings["mono"].read()
    with pytest.raises(BadFile, match=r"a: has no 'foa' recording \(it has: mic\)"):
        microphones(clip, "foa")


def test_a_check_looks_for_the_recording_whose_microphones_are_heard(tmp_path):
    windowing = Windowing(registry.find("features", "logmel")(), 1.0, 0.1, each="mic")
    windowing.check([scene()])
    absent = Clip("a", 1.0, {"mic": AudioFile(tmp_path / "a.wav")})
    with pytest.raises(BadFile, match=r"a\.wav: cannot be read"):
        windowing.check([absent])
    with pytest.raises(BadFile, match=r"noise.wav: has no 'mic' recording \(it has: mono\)"):
        windowing.check([noise_clip(1.0)])


def test_kept_spectra_of_a_scenes_microphones_are_not_taken_for_each_other(tmp_path):
    windowing = Windowing(registry.find("features", "logmel")(), 2.0, 0.1, each="mic")
    clip = scene()
    made = [windowing.whole_spectrum(view) for view in windowing.views(clip)]
    windowing.store.open(tmp_path / "spectra")
    for spectrum, view in zip(made, windowing.views(clip)):
        kept = windowing.kept_window(view, 3.0)
        torch.testing.assert_close(kept, spectrum[0, :, 150:250])
    for spectrum, view in zip(made, windowing.views(clip)):  # made anew, as after a resumed start
        torch.testing.assert_close(windowing.whole_spectrum(view), spectrum)
    assert len(list((tmp_path / "spectra").iterdir())) == 4


# --- windows on a coarser grid than the label frames'


def test_onsets_lie_on_every_so_many_label_frames():
    windowing = Windowing(registry.find("features", "logmel")(), 2.0, 0.025, stride=4)
    assert windowing.onsets(5.13, 1.95) == pytest.approx([0.0, 1.9, 3.2])
    assert windowing.last(5.13) == pytest.approx(3.2)
    assert windowing.last(1.0) == 0.0
