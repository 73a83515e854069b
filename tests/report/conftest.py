"""Run folders as `seldbench run` leaves them, small and made up: for what reads them."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

CLASSES = ("<script>alert(1)</script>", "Dog & $cat$", "Speech")
HOP = 0.1
FRAMES = 100  # of a clip of 10 s
STAGE = "0123456789abcdef"

# clip -> events; the predictions find both in a.wav, one of two in b.wav, none in c.wav.
TRUTH = {
    "a.wav": [(1.0, 3.0, CLASSES[0]), (4.0, 8.0, CLASSES[2])],
    "b.wav": [(0.5, 1.5, CLASSES[1]), (6.0, 9.0, CLASSES[2])],
    "c.wav": [(2.0, 4.0, CLASSES[1])],
    "d.wav": [],
}
FOUND = {
    "a.wav": TRUTH["a.wav"],
    "b.wav": TRUTH["b.wav"][1:],
    "c.wav": [(7.0, 7.5, CLASSES[2])],
    "d.wav": [],
}


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_events(path, events):
    rows = ["filename\tonset\toffset\tevent_label"]
    for clip, of_clip in events.items():
        rows += [f"{clip}\t{on}\t{off}\t{label}" for on, off, label in of_clip] or [f"{clip}\t\t\t"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")


def write_frame_scores(path):
    scores = np.full((len(TRUTH) * FRAMES, len(CLASSES)), 0.05, np.float32)
    for i, events in enumerate(FOUND.values()):
        for onset, offset, label in events:
            rows = slice(i * FRAMES + round(onset / HOP), i * FRAMES + round(offset / HOP))
            scores[rows, CLASSES.index(label)] = 0.8
    np.savez(
        path,
        scores=scores,
        start=np.arange(len(TRUTH) + 1) * FRAMES,
        clips=np.array(list(TRUTH)),
        classes=np.array(CLASSES),
        fps=1 / HOP,
        end=np.full(len(TRUTH), 10.0),
    )


def about(name, options):
    words = ["seldbench", "run", "--arch", "crnn", "--data-root", "/home/somebody/data"]
    return {
        "format": 1,
        "id": name,
        "arch": "crnn",
        "dataset": options["dataset"],
        "variant": options["variant"],
        "seed": options["seed"],
        "fold": None,
        "limit": options["limit"],
        "key": f"key{options['seed']}",
        "command": words + [w for c in options["changes"] for w in ("--set", c)],
        "created": options["created"],
        "seldbench": "0.1.0",
        "stages": {"sed": STAGE},
        "state": options["state"],
    }


def scores(name, options):
    simulated = "simulated from built-in sources" if options["dataset"].endswith("-sim") else None
    values = {"psds1": options["psds1"], "psds1_thresholds": 0.4, "psds2": 0.55}
    values |= {"psds2_thresholds": 0.54, "event_f1_macro": 0.45, "event_f1_micro": 0.5}
    low, high = options["psds1"] - 0.05, options["psds1"] + 0.05
    return {
        "format": 1,
        "run": name,
        "task": "sed",
        "arch": "crnn",
        "dataset": options["dataset"],
        "variant": options["variant"],
        "seed": options["seed"],
        "label": "CRNN <b>bold</b>",
        "split": "test",
        "scores": values,
        "classes": {c: {"event_f1": 0.2 * (i + 1), "psds1": 0.3} for i, c in enumerate(CLASSES)},
        "intervals": {"psds1": {"bootstrap": [low, high]}},
        "scored_classes": list(CLASSES),
        "unscored_classes": ["Vacuum_cleaner"],
        "data": {
            "fingerprint": "f00d",
            "coverage": {"test": [3, 4] if options["partial"] else [4, 4]},
            "simulated": simulated,
            "partial": options["partial"],
            "sounds": "builtin" if simulated else None,
        },
        "post": {
            "thresholds": dict.fromkeys(CLASSES, 0.5),
            "medians": dict.fromkeys(CLASSES, 0.3),
            "origin": "valid/synthetic",
        },
        "parameters": 1112420,
        "training_seconds": 12.34,
        "stages": {"sed": STAGE},
        "environment": {"python": "3.12", "packages": {"torch": "2.5"}},
        "seldbench": "0.1.0",
    }


def log_entries(epochs):
    for epoch in range(1, epochs + 1):
        valid = {n: {"score": 0.1 * epoch + b} for n, b in (("student", 0.0), ("teacher", 0.05))}
        losses = {"frames": 1 / epoch, "clip": 0.5 / epoch}
        yield {"epoch": epoch, "step": 10 * epoch, "loss": 1.5 / epoch, "losses": losses} | {
            "lr": 0.001,
            "valid": valid,
            "seconds": 3.0 * epoch,
        }


def make_run(runs, name="20240101-000000-crnn-desed-wide-s0", **options) -> Path:
    """The folder of a run below the folder `runs`; options say what differs from the usual one."""
    usual = {"dataset": "desed", "variant": "wide", "seed": 0, "limit": None, "psds1": 0.412}
    usual |= {"changes": (), "partial": False, "state": "finished"}
    options = usual | {"created": "2024-01-01T00:00:00+00:00"} | options
    run = runs / name
    write_json(run / "run.json", about(name, options))
    write_json(run / "recipe.json", {"architecture": "crnn", "variant": options["variant"]})
    write_json(run / "scores.json", scores(name, options))
    write_events(run / "reference" / "ground_truth.tsv", TRUTH)
    durations = "".join(f"{clip}\t10.0\n" for clip in TRUTH)
    (run / "reference" / "durations.tsv").write_text(f"filename\tduration\n{durations}")
    write_events(run / "predictions" / "events.tsv", FOUND)
    write_frame_scores(run / "predictions" / "scores.npz")
    stage = runs / "stages" / STAGE
    stage.mkdir(parents=True, exist_ok=True)
    log = "".join(json.dumps(entry) + "\n" for entry in log_entries(5))
    (stage / "log.jsonl").write_text(log)
    return run


@pytest.fixture
def write_run(tmp_path):
    """write_run(name, **what differs) -> the run's folder below runs/."""
    return partial(make_run, tmp_path / "runs")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A reports folder with pages: two seeds, a simulated run, a partial one. Only to be read."""
    from seldbench.report.pages import render
    from seldbench.report.publish import publish

    folder = tmp_path_factory.mktemp("rendered")
    write, out = partial(make_run, folder / "runs"), folder / "reports"
    publish(write("real-s0", psds1=0.40), out, audio=noise)
    publish(write("real-s1", psds1=0.42, seed=1), out, shown=1)
    publish(write("sim", dataset="desed-sim", limit=8, changes=("a=1",)), out, shown=0)
    publish(write("part", variant="desed", partial=True), out, shown=0)
    render(out)
    return out


def noise(clip):
    draw = np.random.default_rng(len(clip))
    return 0.1 * draw.standard_normal(160000).astype(np.float32), 16000


@pytest.fixture
def publish_scores(tmp_path):
    """Puts runs' score files into reports/ without anything else; gives that folder."""
    from seldbench.report.results import run_content
    from seldbench.runs import Run

    def publish(*runs) -> Path:
        reports = tmp_path / "published"
        for run in runs:
            write_json(reports / "scores" / f"{run.name}.json", run_content(Run(run)))
        return reports

    return publish
