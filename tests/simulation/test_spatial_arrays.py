"""What the two arrays hear of plane waves: directions, delays, rotations. The open field.

The sphere's radius is 4.2 cm: 2.94 samples of 24 kHz at 343 m/s.
"""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from seldbench.arrays import MIC_POSITIONS, MIC_RADIUS, channel_map, foa_gains, rotations
from seldbench.geometry import angular_distance, unit_vectors
from seldbench.simulation.spatial import LAYOUTS, Room
from seldbench.simulation.spatial.encoding import encode
from seldbench.simulation.spatial.images import Images, image_sources
from seldbench.simulation.spatial.sampling import EARLY, RATE, SOUND
from seldbench.simulation.spatial.sphere import response
from seldbench.simulation.spatial.walls import reflection

OCTANTS = [(a, e) for a in (33, 122, -145, -58) for e in (-38, 7, 40)]
TRAVEL = MIC_RADIUS / SOUND * RATE  # samples from the sphere's surface to its centre


def plane_wave(doa, distance=1.0):
    """The (8, 512) response to one source in the open."""
    doa = np.atleast_2d(doa)
    one = np.ones(len(doa), dtype=int)
    images = Images(one * 0, doa, one * distance, one * 0, one / distance)
    return encode(images, 1, 512)[0]


def intensity_doa(wave):
    """Of W, Y, Z, X: the mean intensity vector's direction, x, y, z."""
    w, y, z, x = wave
    return np.array([w @ x, w @ y, w @ z]) / np.linalg.norm([w @ x, w @ y, w @ z])


def delay(first, second):
    """Samples by which `second` is later, from the peak of GCC-PHAT, to 1/16."""
    length = 4096
    cross = np.fft.rfft(second, length) * np.conj(np.fft.rfft(first, length))
    cross[np.fft.rfftfreq(length, 1 / RATE) > 10_000] = 0  # where pulses have faded, phase is noise
    lags = np.fft.irfft(cross / np.maximum(np.abs(cross), 1e-12), 16 * length)
    lags = np.concatenate([lags[-16 * 16 :], lags[: 16 * 16]])
    return (lags.argmax() - 256) / 16


def arrival(doa):
    """Samples after the centre when a wave reaches each microphone: straight on the lit side, then
    around the sphere (Woodworth 1938)."""
    gamma = np.arccos(MIC_POSITIONS @ doa)
    return TRAVEL * np.where(gamma < np.pi / 2, -np.cos(gamma), gamma - np.pi / 2)


@pytest.mark.parametrize("angles", OCTANTS)
def test_the_intensity_vector_points_at_the_source(angles):
    doa = unit_vectors(*map(float, angles))
    noise = np.random.default_rng(0).standard_normal(4800)
    heard = fftconvolve(plane_wave(doa)[:4], noise[None], axes=1)
    assert angular_distance(intensity_doa(heard), doa) < 1e-3


def test_channels_are_w_y_z_x():
    left, up, front = (plane_wave(v).sum(axis=1) for v in ([0.0, 1, 0], [0.0, 0, 1], [1.0, 0, 0]))
    assert left[:4] == pytest.approx([1, 1, 0, 0], abs=1e-5)
    assert up[:4] == pytest.approx([1, 0, 1, 0], abs=1e-5)
    assert front[:4] == pytest.approx([1, 0, 0, 1], abs=1e-5)


@pytest.mark.parametrize("angles", OCTANTS)
def test_microphones_hear_a_wave_when_it_reaches_them(angles):
    doa = unit_vectors(*map(float, angles))
    heard = plane_wave(doa)[4:]
    expected = arrival(doa)
    for m in range(4):
        for n in range(m + 1, 4):
            assert delay(heard[m], heard[n]) == pytest.approx(expected[n] - expected[m], abs=1)


@pytest.mark.parametrize("angles", OCTANTS)
def test_the_microphone_that_faces_the_wave_most_hears_it_first(angles):
    doa = unit_vectors(*map(float, angles))
    centre, *microphones = plane_wave(doa)[[0, 4, 5, 6, 7]]
    facing = np.argsort(-(MIC_POSITIONS @ doa))
    delays = np.array([delay(centre, microphone) for microphone in microphones])
    # the two that face it; behind the sphere waves meet from all sides
    assert delays[facing[0]] < delays[facing[1]] < delays[facing[2:]].min()


@pytest.mark.parametrize("m", range(4))
def test_the_microphone_on_the_axis_leads_the_centre_by_2_9_samples(m):
    heard = plane_wave(MIC_POSITIONS[m])
    assert delay(heard[0], heard[4 + m]) == pytest.approx(-2.94, abs=1)


def test_low_frequencies_do_not_feel_the_sphere():
    assert np.abs(response(np.array([0.0, 1.0, 20.0]), np.linspace(-1, 1, 9))) == pytest.approx(
        1.0, abs=0.02
    )
    assert plane_wave(unit_vectors(30.0, 10.0))[4:].sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_high_frequencies_double_on_the_lit_side_of_the_sphere():
    # as at a wall; behind the sphere there is shadow
    assert np.abs(response(np.array([12_000.0]), np.array([1.0]))) == pytest.approx(2.0, rel=0.05)
    assert np.abs(response(np.array([12_000.0]), np.cos(np.radians([120])))) < 1.0


@pytest.mark.parametrize("distance", [0.7, 1.0, 1.013, 2.31])
def test_the_table_is_the_response_of_the_sphere_between_its_rows_too(distance):
    doa = unit_vectors(20.3, -11.7)
    frequency = np.fft.rfftfreq(512, 1 / RATE)
    travel = np.exp(-2j * np.pi * frequency * distance / SOUND)
    expected = np.concatenate(
        [foa_gains(doa)[:, None] + 0 * frequency, response(frequency, MIC_POSITIONS @ doa)]
    )
    found = np.fft.rfft(plane_wave(doa, distance)) * distance
    heard = frequency < 9_000  # as far as the FOA recordings are accurate
    assert np.abs(found - expected * travel)[:, heard].max() < 0.01


@pytest.mark.parametrize("layout", ["foa", "mic"])
@pytest.mark.parametrize("rt60", [0.0, 0.4])
def test_rendering_the_rotated_scene_is_exchanging_channels(layout, rt60):
    # given a room with two sources; turned or mirrored, room, sources and all
    room = Room((6.0, 5.0, 3.0), (2.2, 2.9, 1.3), rt60)
    images = image_sources(room, np.array([[3.1, 3.3, 1.9], [1.0, 2.0, 0.8]]), reflection(room))
    still = encode(images, 2, EARLY)[:, LAYOUTS[layout]]
    assert len(rotations(layout)) == {"foa": 16, "mic": 8}[layout]
    for rotation in rotations(layout):
        turned = Images(
            images.owner, rotation(images.doa), images.distance, images.hits, images.gain
        )
        order, signs = channel_map(layout, rotation)
        heard = encode(turned, 2, EARLY)[:, LAYOUTS[layout]]
        assert np.abs(heard - signs[:, None] * still[:, order]).max() < 1e-6


def test_a_source_inside_the_array_is_an_error():
    with pytest.raises(ValueError, match=r"nearer than 0.51 m"):
        plane_wave([1.0, 0.0, 0.0], distance=0.3)
