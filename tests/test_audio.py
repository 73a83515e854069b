"""Recordings: stretches, rates, channels, and every way in which a sound file can be broken."""

import struct

import numpy as np
import pytest
import soundfile

from seldbench.audio import AudioFile, Waveform, beginning, mono, read_header, resampled
from seldbench.errors import BadFile


def noise(seconds=1.0, rate=16000, channels=1, seed=0):
    """(samples, channels) float64 below full scale."""
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (round(seconds * rate), channels))


@pytest.fixture
def write(tmp_path):
    def make(samples, rate=16000, subtype="PCM_16", name="clip.wav"):
        soundfile.write(tmp_path / name, samples, rate, subtype=subtype)
        return tmp_path / name

    return make


def test_a_16_bit_file_reads_as_libsndfile_reads_it_to_float(write):
    path = write(noise(channels=2))
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    samples = AudioFile(path).read()
    assert samples.dtype == np.float32
    assert samples.shape == (2, 16000)
    np.testing.assert_array_equal(samples, expected.T)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_other_sample_formats_read_within_their_precision(write, subtype):
    samples = noise()
    read = AudioFile(write(samples, subtype=subtype)).read()
    np.testing.assert_allclose(read, samples.T, atol=1 / 127 if subtype == "PCM_U8" else 1e-6)


def test_the_lowest_16_bit_value_is_minus_one(write):
    assert AudioFile(write(np.full((4, 1), -32768, np.int16))).read().min() == -1.0


def test_a_header_tells_rate_channels_and_length(write):
    recording = AudioFile(write(noise(0.5, 44100, 2), rate=44100))
    assert (recording.sample_rate, recording.mics, recording.duration) == (44100, 2, 0.5)


def test_a_stretch_equals_the_same_stretch_of_the_whole(write):
    recording = AudioFile(write(noise()))
    np.testing.assert_array_equal(recording.read(0.25, 0.5), recording.read()[:, 4000:12000])


def test_a_stretch_ends_where_the_recording_ends(write):
    recording = AudioFile(write(noise(1.0)))
    assert recording.read(0.75, 9.0).shape == (1, 4000)
    assert recording.read(5.0, 1.0).shape == (1, 0)


def test_a_negative_onset_is_refused(write):
    with pytest.raises(ValueError, match=r"-1\.0 s"):
        AudioFile(write(noise())).read(-1.0)


def test_mono_is_the_mean_of_the_channels(write):
    left_right = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    samples = mono(AudioFile(write(left_right))).read()
    assert samples.shape == (1, 100)
    np.testing.assert_allclose(samples, 0.125)


def test_resampling_keeps_a_tone_and_its_length(write):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    recording = resampled(AudioFile(write(tone, rate=44100)), 16000)
    samples = recording.read()
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert samples.shape == (1, 16000)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples[0, 800:-800], expected[800:-800], atol=1e-3)


def test_resampling_removes_what_the_lower_rate_cannot_hold(write):
    tone = 0.5 * np.sin(2 * np.pi * 12000 * np.arange(44100) / 44100)
    samples = resampled(AudioFile(write(tone, rate=44100)), 16000).read()
    assert np.abs(samples[0, 800:-800]).max() < 1e-3


def test_a_stretch_of_a_resampled_recording_equals_that_of_the_whole(write):
    recording = resampled(AudioFile(write(noise(1.0, 44100), rate=44100)), 16000)
    whole = recording.read()
    np.testing.assert_array_equal(recording.read(0.3, 0.2), whole[:, 4800:8000])


def test_many_resampled_recordings_do_not_mix(write):
    rng = np.random.default_rng(0)
    levels = rng.permutation(8) / 10
    recordings = [
        resampled(AudioFile(write(np.full(4410, x), rate=44100, name=f"{i}.wav")), 16000)
        for i, x in enumerate(levels)
    ]
    for _ in range(2):
        middles = [r.read()[0, 800] for r in recordings]
        np.testing.assert_allclose(middles, levels, atol=1e-3)


def test_a_recording_that_cannot_be_hashed_is_resampled_too():
    class Scene(Waveform):
        __hash__ = None

    source = Scene(np.full((1, 4410), 0.25), 44100)
    assert resampled(source, 16000).read()[0, 800] == pytest.approx(0.25, abs=1e-3)


def test_writing_into_a_read_stretch_does_not_reach_the_next_one(write):
    recording = resampled(AudioFile(write(noise(0.2, 8000), rate=8000)), 16000)
    before = recording.read().copy()
    recording.read()[:] = 0
    np.testing.assert_array_equal(recording.read(), before)


def test_a_recording_with_the_rate_already_is_not_resampled(write):
    source = AudioFile(write(noise()))
    np.testing.assert_array_equal(resampled(source, 16000).read(0.1, 0.1), source.read(0.1, 0.1))


def test_the_beginning_of_a_long_recording_is_all_that_is_read():
    long = Waveform(np.arange(30, dtype=np.float32)[None], 10)
    first = beginning(long, 1.0)
    assert first.duration == 1.0
    np.testing.assert_array_equal(first.read()[0], np.arange(10))
    np.testing.assert_array_equal(first.read(0.8, 5.0)[0], [8, 9])
    assert first.read(2.0).shape == (1, 0)
    assert beginning(long, 10.0).duration == 3.0


def broken(path, start, content):
    """The file with bytes replaced from `start` on."""
    raw = bytearray(path.read_bytes())
    raw[start : start + len(content)] = content
    path.write_bytes(raw)
    return path


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(BadFile, match=r"gone\.wav: cannot be read"):
        read_header(tmp_path / "gone.wav")


def test_a_file_of_0_samples_is_refused(write):
    with pytest.raises(BadFile, match=r"clip\.wav: holds 0 samples"):
        AudioFile(write(np.zeros((0, 1)))).read()


def test_metadata_after_0_samples_is_not_taken_for_sound(write):
    path = write(np.zeros((0, 1)))
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO")
    with pytest.raises(BadFile, match="holds 0 samples"):
        read_header(path)


@pytest.mark.parametrize("left", [4, 11, 12, 30, 43])
def test_a_header_cut_short_is_told_from_other_faults(write, left):
    path = write(noise())
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(BadFile, match=rf"header is truncated .*{left} bytes"):
        read_header(path)


def test_samples_cut_short_are_told_with_both_sizes(write):
    path = write(noise())
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(BadFile, match="states 32000 bytes of samples and 31000 are there"):
        read_header(path)


def test_a_header_written_to_a_pipe_means_up_to_the_end(write):
    path = broken(write(noise()), 40, b"\xff\xff\xff\xff")
    assert AudioFile(path).read().shape == (1, 16000)


def test_chunks_before_the_samples_are_skipped(write):
    path = write(noise())
    raw = path.read_bytes()
    extra = b"LIST" + struct.pack("<I", 5) + b"abcde" + b"\0"
    path.write_bytes(raw[:36] + extra + raw[36:])
    assert AudioFile(path).read().shape == (1, 16000)


@pytest.mark.parametrize("content", [b"", b"not sound at all" * 100])
def test_a_file_that_is_not_sound_is_refused(tmp_path, content):
    path = tmp_path / "notes.wav"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"notes\.wav: not a sound file"):
        read_header(path)


def test_a_flac_cut_short_is_refused_when_read(write):
    path = write(noise(), name="clip.flac")
    path.write_bytes(path.read_bytes()[:10000])
    with pytest.raises(BadFile, match=r"clip\.flac: not a sound file that can be decoded"):
        AudioFile(path).read()


def test_an_unwelcome_number_of_channels_is_refused(write):
    path = write(noise(channels=4))
    with pytest.raises(BadFile, match="has 4 channels, 1 or 2 expected"):
        AudioFile(path, channels=(1, 2)).read()
    assert AudioFile(path).mics == 4


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused_where_they_are_read(write, value):
    samples = noise().astype(np.float32)
    samples[8000] = value
    recording = AudioFile(write(samples, subtype="FLOAT"))
    assert recording.read(0.0, 0.25).shape == (1, 4000)
    with pytest.raises(BadFile, match="NaN or infinite samples"):
        recording.read()
