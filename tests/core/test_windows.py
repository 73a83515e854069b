"""Windows: at training and at test the same frames of the same clip."""

import numpy as np
import pytest
import torch

from seldbench import registry
from seldbench.audio import Waveform
from seldbench.contracts import Clip
from seldbench.errors import BadFile
from seldbench.windows import Windowing


def noise_clip(duration, rate=16000, array="mono"):
    wave = np.random.default_rng(5).standard_normal((1, round(duration * rate))) * 0.1
    return Clip("noise.wav", duration, {array: Waveform(wave.astype(np.float32), rate)})


def whole_features(windowing, clip):
    features = windowing.features
    spectrum = features.spectrum(torch.from_numpy(windowing.whole(clip))[None])
    return features.finish(spectrum, features.statistic(spectrum))


@pytest.mark.parametrize("name", registry.names("features"))
@pytest.mark.parametrize("duration", [9.7, 10.0, 4.0, 2.5])
def test_a_windows_features_equal_the_same_frames_of_the_whole_clips(name, duration):
    windowing = Windowing(registry.find("features", name)(), 4.0, 0.064)
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
    assert windowing.whole(noise_clip(1.0, rate=44100)).shape == (1, 16000)
    with pytest.raises(BadFile, match=r"noise.wav: has no 'mono' recording \(it has: foa\)"):
        windowing.whole(noise_clip(1.0, array="foa"))
