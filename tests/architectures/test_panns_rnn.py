"""`panns_rnn`: an encoder of PANNs, whose steps become label frames of 0.1 s."""

import pytest
import torch

from seldbench_baselines.architectures.panns_rnn import ARCHITECTURE

SMALL = {"widths": (4, 4, 4, 4, 4, 8), "hidden": 8}


def panns_rnn(**arguments):
    given = {"channels": 1, "bins": 64, "hop": 0.01, "sizes": {"frames": 10, "clip": 10}}
    return ARCHITECTURE.build(**(given | arguments))


def steps_of(model, frames):
    """Which of the encoder's steps each label frame repeats."""
    heard = []
    model.gru.register_forward_hook(lambda _, given, __: heard.append(given[0]))
    model.encoder.register_forward_hook(
        lambda *_: torch.arange(frames // 32).float().expand(1, model.gru.input_size, -1)
    )
    model(torch.zeros(1, 1, frames, 64))
    return heard[0][0, :, 0].int().tolist()


def test_the_sizes_of_encoder_and_gru():
    with torch.device("meta"):
        model = panns_rnn()
    encoder = sum(p.numel() for p in model.encoder.parameters())
    assert encoder == 75_477_312 + 2 * 64  # six blocks, and the batch norm of the bands
    assert model.gru.hidden_size == 256 and model.gru.num_layers == 2
    assert sum(p.numel() for p in model.gru.parameters()) == 4_724_736


@pytest.mark.parametrize("seconds, frames, label_frames", [(10, 1001, 100), (3, 301, 30)])
def test_label_frames_last_a_tenth_of_a_second(seconds, frames, label_frames):
    model = panns_rnn(**SMALL).eval()
    out = model(torch.zeros(2, 1, frames, 64))
    assert model.hop == 0.1
    assert out["frames"].shape == (2, label_frames, 10)
    assert out["clip"].shape == (2, 10)


def test_a_label_frame_repeats_the_step_at_its_middle():
    steps = steps_of(panns_rnn(**SMALL).eval(), 1001)
    # Steps last 0.32 s: label frames 0, 1, 2 have their middles at 0.05, 0.15, 0.25; 3 at 0.35.
    assert steps[:7] == [0, 0, 0, 1, 1, 1, 2]
    assert all(step == int((t + 0.5) * 0.1 / 0.32) for t, step in enumerate(steps[:99]))
    assert steps[99] == 30  # 1001 frames hold 31 whole steps: the last sounds on


def test_without_a_clip_head_there_is_no_clip_pooling():
    model = panns_rnn(sizes={"frames": 3}, **SMALL)
    assert set(model(torch.zeros(2, 1, 64, 64))) == {"frames"}


def test_a_clip_does_not_hear_its_batch_mates():
    model, x = panns_rnn(**SMALL).eval(), torch.randn(3, 1, 101, 64)
    together, alone = model(x), model(x[1:2])
    for head in ("frames", "clip"):
        assert torch.allclose(together[head][1:2], alone[head], atol=1e-6)


def test_outputs_are_float32_inside_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        out = panns_rnn(**SMALL)(torch.randn(2, 1, 64, 64))
    assert out["frames"].dtype == out["clip"].dtype == torch.float32


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sizes": {"frame": 10}}, "panns_rnn: no head 'frame'.*near: frames"),
        ({"clip": "linear"}, "panns_rnn: no clip pooling 'linear'.*near: linear_softmax"),
        ({"hop": 0.1}, "label frames of 0.1 s need features with a shorter hop than 0.1 s"),
        ({"channels": 2}, "one channel of at least 32 bins, not 2 of 64"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        panns_rnn(**arguments)
