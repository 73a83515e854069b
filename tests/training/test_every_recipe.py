"""Every system on DESED learns: thirty steps on a few simulated clips lower its strong loss."""

import inspect
import json

import pytest
import torch

from seldbench import registry
from seldbench.audio import Waveform
from seldbench.contracts import Clip, Quiet
from seldbench.events import Event, EventList
from seldbench.experiment import graph
from seldbench.experiment.answers import Answers
from seldbench.experiment.preparing import Data
from seldbench.experiment.run import Experiment
from seldbench.recipe import resolve
from seldbench.simulation.desed import make_clip

CPU = torch.device("cpu")
RATE, SECONDS = 16000, 2.0
RECIPES = [name for name in registry.names("recipes") if name.endswith("/desed")]
PRETRAINED = 10  # times the step size of AST, which recipes give for trained weights
SMALL = {
    "width": 64,
    "heads": 2,
    "blocks": 2,
    "frames": 206,
    "mlp": 64,
    "base": 4,
    "hidden": 32,
}


class Few:
    """Signs the contract Dataset: the first seconds of a few clips of each split, scale "tiny"."""

    name, task, grid, folds = "desed", "sed", None, 1
    classes = (
        *("Alarm_bell_ringing", "Blender", "Cat", "Dishes", "Dog", "Electric_shaver_toothbrush"),
        *("Frying", "Running_water", "Speech", "Vacuum_cleaner"),
    )
    splits = (
        *("train/real", "train/synthetic", "train/weak", "train/unlabelled"),
        *("valid/weak", "valid/synthetic", "test"),
    )
    citation, licence = "none", "MIT"
    simulated = "simulated scenes"

    def __init__(self):
        self.made = {split: [self.clip(split, i) for i in range(4)] for split in self.splits[:4]}
        self.made["valid/weak"] = self.made["train/weak"]
        self.made["valid/synthetic"] = self.made["test"] = self.made["train/synthetic"]

    def clip(self, split, index):
        plan, samples = make_clip(split, index, scale="tiny")
        wave = samples[None, : round(SECONDS * RATE)].astype("float32") / 32768
        events = EventList(
            Event(e.onset, min(e.offset, SECONDS), e.label)
            for e in plan.events
            if e.onset < SECONDS
        )
        strong = events if split in ("train/real", "train/synthetic") else None
        weak = events.labels if split == "train/weak" else None
        return Clip(plan.name, SECONDS, {"mono": Waveform(wave, RATE)}, strong, weak)

    def clips(self, split, fold=0):
        return self.made[split]

    def fingerprint(self):
        return "few-1"


@pytest.fixture(scope="module")
def few():
    return Few()


def reduced(architecture, given):
    """Plain arguments of a network of the same make that a CPU trains in seconds."""
    arguments = inspect.signature(registry.find("architectures", architecture).build).parameters
    small = {name: value for name, value in SMALL.items() if name in arguments}
    if "widths" in arguments:
        small["widths"] = [max(8, w // 8) for w in given.get("widths", arguments["widths"].default)]
    return small


def thirty_steps(name, **settings):
    """The recipe's first variant, all of it but for sizes, first weights and the long run; batches
    of one clip a group."""
    path = registry.data_file("recipes", name)
    settings = {
        "select": "last",
        "training.epochs": 6,
        "training.steps": 5,
        "training.window": SECONDS,
        "training.ramp_epochs": 0,
        "training.warmup": 0,
        "training.decay": None,
        **settings,
    }
    for stage_name, stage in resolve(path, "desed").stages.items():
        at = f"stages.{stage_name}"
        settings |= {f"{at}.init.{part}": "none" for part in stage.init}
        settings[f"{at}.batch"] = dict.fromkeys(stage.batch, 1)
        for argument, value in reduced(stage.architecture, stage.model).items():
            settings[f"{at}.model.{argument}"] = value
        if "blocks" in reduced(stage.architecture, stage.model):
            settings[f"{at}.training.lr"] = PRETRAINED * stage.training.lr
            rates = {part: PRETRAINED * rate for part, rate in stage.training.rates.items()}
            settings[f"{at}.training.rates"] = rates
    return resolve(path, "desed", None, settings)


def losses(recipe, data, folder):
    """{stage: {head: its mean loss in each epoch}} of heads that see strong clips."""
    experiment = Experiment(recipe, Data(data), 0, folder)
    prepared = experiment.prepare()
    answers = Answers(recipe, {}, CPU, Quiet())
    found = {}
    for node in experiment.nodes():
        graph.execute(node, prepared[node.name], answers, Quiet())
        log = (node.folder.path / "log.jsonl").read_text().splitlines()
        entries = [json.loads(line)["losses"] for line in log]
        strong = {"train/real", "train/synthetic"}
        heads = [head for head, of in node.stage.heads.items() if strong & {*of.on}]
        found[node.name] = {head: [entry[head] for entry in entries] for head in heads}
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_thirty_steps_of_every_recipe_lower_the_strong_loss(name, few, tmp_path):
    found = losses(thirty_steps(name), few, tmp_path)
    assert found
    for heads in found.values():
        assert heads  # a stage without any would be none of a SED system
        for course in heads.values():
            assert course[-1] < course[0]


def test_ast_sed_is_trained_in_bfloat16_too(few, tmp_path):
    settings = {"training.precision": "bf16", "training.epochs": 2, "training.steps": 3}
    course = losses(thirty_steps("ast_sed/desed", **settings), few, tmp_path)["sed"]["frames"]
    assert len(course) == 2
    assert course[1] < course[0]  # false for what is not finite
