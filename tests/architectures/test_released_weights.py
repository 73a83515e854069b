"""The weights released with the DCASE 2024 baseline, in its own network and in ours:
pytest --official PATH, a checkout of partha2409/DCASE2024_seld_baseline or a folder of checkouts.
"""

import hashlib
import importlib.util
import sys
import types
from pathlib import Path

import pytest
import torch

from seldbench import registry
from seldbench_baselines.imports.dcase2024 import IMPORT

SOURCE, PARAMETERS = "seldnet_model.py", "parameters.py"


@pytest.fixture
def checkout(request):
    paths = [Path(p) for p in request.config.getoption("official")]
    folders = [f for p in paths for f in (p, *sorted(q for q in p.iterdir() if q.is_dir()))]
    for folder in folders:
        source = folder / SOURCE
        if source.is_file() and "SeldModel" in source.read_text() and [*folder.glob("*acc*.h5")]:
            return folder
    pytest.skip("no released weights: give --official PATH, a checkout of DCASE2024_seld_baseline")


def module(path, monkeypatch):
    """A file of the checkout as a module; what it imports for interactive use is empty."""
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(embed=None))
    spec = importlib.util.spec_from_file_location(f"official_{path.stem}", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("task, channels", [("3", 7), ("6", 10)])
def test_both_networks_say_the_same_of_the_same_features(checkout, monkeypatch, task, channels):
    (path,) = checkout.glob(f"{task}_*multiaccdoa*.h5")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in IMPORT.released
    state = torch.load(path, map_location="cpu", weights_only=True)
    official = module(checkout / SOURCE, monkeypatch)
    parameters = module(checkout / PARAMETERS, monkeypatch).get_params(task)
    theirs = official.SeldModel((1, channels, 250, 64), (1, 50, 156), parameters)
    theirs.load_state_dict(state)
    variant, tensors = IMPORT.convert(state)
    ours = registry.find("architectures", IMPORT.architecture).build(
        channels=channels,
        bins=64,
        hop=0.02,
        sizes={"frames": 156},
        attention="mhsa",
        activations={"frames": "none"},
    )
    ours.load_state_dict(tensors)
    features = torch.randn(4, channels, 250, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted, given = theirs.eval()(features), ours.eval()(features)["frames"]
    assert (given - wanted).abs().max() < 1e-5 * wanted.abs().max()
    assert variant in ("dcase2024", "dcase2024_mic")
