"""`panns_cnn14` weights: official names become ours, and what is left out is left out by name."""

import pytest
import torch

from seldbench_baselines.architectures.panns_cnn14 import ARCHITECTURE as TAGGER
from seldbench_baselines.architectures.panns_rnn import ARCHITECTURE as RNN
from seldbench_baselines.weights.panns_cnn14 import WEIGHTS

NARROW = (2, 3, 4, 5, 6, 7)
FEATURES = {"channels": 1, "bins": 64, "hop": 0.01}


def tagger(classes=5):
    return TAGGER.build(**FEATURES, sizes={"tags": classes}, widths=NARROW)


def panns_rnn():
    return RNN.build(**FEATURES, sizes={"frames": 3, "clip": 3}, widths=NARROW, hidden=4)


def released(n_fft=512, prefix="", classes=5):
    """A narrow network's random tensors, named as in the official files."""
    draw = torch.Generator().manual_seed(7)

    def tensor(*shape):
        return torch.rand(*shape, generator=draw)

    def norm(name, width):
        kinds = ("weight", "bias", "running_mean", "running_var")
        state = {f"{name}.{kind}": tensor(width) for kind in kinds}
        return state | {f"{name}.num_batches_tracked": torch.tensor(9)}

    bins = n_fft // 2 + 1
    state = {
        f"spectrogram_extractor.stft.conv_{p}.weight": tensor(bins, 1, n_fft)
        for p in ("real", "imag")
    }
    state["logmel_extractor.melW"] = tensor(bins, 64)
    state |= norm("bn0", 64)
    for i, (inputs, width) in enumerate(zip((1, *NARROW), NARROW), 1):
        state[f"conv_block{i}.conv1.weight"] = tensor(width, inputs, 3, 3)
        state[f"conv_block{i}.conv2.weight"] = tensor(width, width, 3, 3)
        state |= norm(f"conv_block{i}.bn1", width) | norm(f"conv_block{i}.bn2", width)
    state |= {"fc1.weight": tensor(7, 7), "fc1.bias": tensor(7)}
    state |= {"fc_audioset.weight": tensor(classes, 7), "fc_audioset.bias": tensor(classes)}
    return {prefix + name: value for name, value in state.items()}


@pytest.mark.parametrize("prefix", ["", "model."])
def test_the_encoder_of_panns_rnn_is_filled_entirely(prefix):
    network, given = panns_rnn(), released(prefix=prefix)
    network.encoder.load_state_dict(WEIGHTS.convert(given, network.encoder.state_dict()))
    second = network.encoder.blocks[1].layers
    assert torch.equal(second[0].weight, given[f"{prefix}conv_block2.conv1.weight"])
    assert torch.equal(second[4].running_var, given[f"{prefix}conv_block2.bn2.running_var"])
    assert torch.equal(network.encoder.norm.bias, given[f"{prefix}bn0.bias"])


def test_the_same_file_makes_the_same_encoder_in_tagger_and_sound_event_network():
    whole, given = tagger(), released()
    network = panns_rnn()
    whole.load_state_dict(WEIGHTS.convert(given, whole.state_dict()))
    network.encoder.load_state_dict(WEIGHTS.convert(given, network.encoder.state_dict()))
    x = torch.randn(2, 1, 64, 64)
    assert torch.equal(whole.eval().encoder(x), network.eval().encoder(x))
    assert torch.equal(whole.tags.weight, given["fc_audioset.weight"])
    assert torch.equal(whole.hidden[0].bias, given["fc1.bias"])


def test_a_tagger_of_other_classes_keeps_its_own_last_layer():
    whole, given = tagger(classes=3), released()
    own = whole.state_dict()
    made = WEIGHTS.convert(given, own)
    assert torch.equal(made["tags.weight"], own["tags.weight"])
    assert torch.equal(made["hidden.0.weight"], given["fc1.weight"])


def test_weights_of_the_other_sample_rate_are_refused():
    own = panns_rnn().encoder.state_dict()
    with pytest.raises(ValueError, match="windows of 1024 samples, that of 16000 Hz has 512"):
        WEIGHTS.convert(released(n_fft=1024), own)
    with pytest.raises(ValueError, match="windows of 512 samples, that of 32000 Hz has 1024"):
        WEIGHTS.convert(released(), own, sample_rate=32000)
    assert WEIGHTS.convert(released(n_fft=1024), own, sample_rate=32000).keys() == own.keys()
    with pytest.raises(ValueError, match="no PANNs network hears 8000 Hz"):
        WEIGHTS.convert(released(), own, sample_rate=8000)


def test_an_unknown_tensor_and_a_missing_one_are_named():
    own = panns_rnn().encoder.state_dict()
    with pytest.raises(ValueError, match=r"unknown tensor 'conv_block1\.conv3"):
        WEIGHTS.convert(released() | {"conv_block1.conv3.weight": torch.zeros(1)}, own)
    given = released()
    del given["conv_block6.bn2.weight"]
    with pytest.raises(ValueError, match=r"without a tensor for blocks\.5\.layers\.4\.weight"):
        WEIGHTS.convert(given, own)
    given = released()
    del given["fc_audioset.weight"]
    with pytest.raises(ValueError, match=r"without a tensor for tags\.weight"):
        WEIGHTS.convert(given, tagger().state_dict())


def test_it_says_where_the_file_is_had():
    assert "zenodo.org/record/3987831" in WEIGHTS.where
    assert "Cnn14_16k_mAP=0.438.pth" in WEIGHTS.where
