"""`logmel_panns` and `panns_cnn14` against frozen outputs of PANNs' Cnn14, from 32 kHz audio on."""

import re

import pytest
import torch

from seldbench.features.logmel_panns import LogMelPanns
from seldbench_baselines.architectures.panns_cnn14 import ARCHITECTURE

NAME = "panns_cnn14"
SMALL = {"widths": (4, 4, 8)}
RENAMED = (
    (r"bn0\.(.+)", lambda m: f"encoder.norm.{m[1]}"),
    (
        r"conv_block(\d)\.conv(\d)\.(.+)",
        lambda m: f"encoder.blocks.{int(m[1]) - 1}.layers.{3 * int(m[2]) - 3}.{m[3]}",
    ),
    (
        r"conv_block(\d)\.bn(\d)\.(.+)",
        lambda m: f"encoder.blocks.{int(m[1]) - 1}.layers.{3 * int(m[2]) - 2}.{m[3]}",
    ),
    (r"fc1\.(.+)", lambda m: f"hidden.0.{m[1]}"),
    (r"fc_audioset\.(.+)", lambda m: f"tags.{m[1]}"),
)


def converted(state):
    """Ours by name; the spectrogram's and the mel bank's matrices are the feature's."""
    names = {name: own(name) for name in state if "extractor" not in name}
    return {names[name]: state[name] for name in names}


def own(name):
    return next(to(match) for pattern, to in RENAMED if (match := re.fullmatch(pattern, name)))


def tagger(classes=527, **arguments):
    given = {"channels": 1, "bins": 64, "hop": 0.01, "sizes": {"tags": classes}}
    return ARCHITECTURE.build(**(given | arguments))


def heard(waves):
    features = LogMelPanns(sample_rate=32000)
    spectrum = features.spectrum(waves[:, None])
    return features.finish(spectrum, features.statistic(spectrum))


def outputs(model, waves):
    embedding = []
    hook = model.hidden.register_forward_hook(lambda _, __, out: embedding.append(out))
    tags = model(heard(waves))["tags"].sigmoid()
    hook.remove()
    return {"clipwise_output": tags, "embedding": embedding[0]}


def test_meets_the_golden_in_evaluation_training_and_calibrated_mode(golden_model):
    golden_model(NAME).assert_met(tagger(), converted, outputs)


def test_has_the_originals_tensors_parameters_and_batch_norms(golden_model):
    with torch.device("meta"):
        model = tagger()
    golden_model(NAME).assert_has_its_shapes_and_batch_norms(model, converted)


def test_the_published_sizes():
    with torch.device("meta"):
        model = tagger()
    blocks = sum(p.numel() for p in model.encoder.blocks.parameters())
    assert blocks == 75_477_312
    assert sum(p.numel() for p in model.parameters()) == 80_753_615


def test_a_clip_does_not_hear_its_batch_mates():
    model, x = tagger(**SMALL).eval(), torch.randn(3, 1, 40, 64)
    assert torch.allclose(model(x)["tags"][1:2], model(x[1:2])["tags"], atol=1e-6)


def test_channels_last_in_memory_gives_the_same_outputs():
    model, x = tagger(**SMALL).eval(), torch.randn(2, 1, 40, 64)
    plain = model(x)["tags"]
    last = model.to(memory_format=torch.channels_last)(x)["tags"]
    assert torch.allclose(plain, last, atol=1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sizes": {"frames": 10, "clip": 10}}, "panns_cnn14: has one head, not 2"),
        ({"channels": 4}, "one channel of at least 32 bins, not 4 of 64"),
        ({"bins": 16}, "one channel of at least 32 bins, not 1 of 16"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        tagger(**arguments)


def test_audio_shorter_than_a_step_is_refused():
    with pytest.raises(ValueError, match="steps of 4 frames, and was given 3"):
        tagger(**SMALL)(torch.zeros(1, 1, 3, 64))
