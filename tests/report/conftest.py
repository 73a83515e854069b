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


# Of runs with directions: class 1 has two sources at once, one of which walks round the back.
PLACES = ("<i>Alarm</i>", "Speech", "Music", "Knock")
SCENES = {
    # clip -> (class, source, onset, offset, azimuth at both ends, elevation, distance) ...
    "mix001": [(0, 0, 0.0, 4.0, (30, 30), 10, 2.0), (1, 1, 2.0, 9.0, (150, 220), -20, 1.0)],
    "mix002": [(1, 0, 1.0, 6.0, (-60, -60), 0, 3.0), (1, 1, 2.0, 5.0, (90, 120), 30, 2.0)],
    "mix003": [(2, 0, 0.5, 8.0, (0, 40), 0, 2.5)],
    "mix004": [],
}
OFF = {"mix001": 5, "mix002": 15, "mix003": 60, "mix004": 0}  # degrees that predictions are off


def rows(events, off=0, distance=None):
    """CSV rows of a scene; distances in parts of a metre of which there are so many."""
    lines = []
    for label, source, onset, offset, (start, end), elevation, metres in events:
        first, last = round(onset * 10), round(offset * 10)
        for k in range(first, last):
            azimuth = start + (end - start) * (k - first) / (last - first) + off
            azimuth = round((azimuth + 180) % 360 - 180)
            cells = [k, label, source, azimuth, elevation]
            lines.append(cells + ([metres * distance] if distance else []))
    return "".join(",".join(map(str, cells)) + "\n" for cells in sorted(lines))


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
    words = ["seldbench", "run", "--arch", options["arch"], "--data-root", "/home/somebody/data"]
    return {
        "format": 1,
        "id": name,
        "arch": options["arch"],
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
        "arch": options["arch"],
        "dataset": options["dataset"],
        "variant": options["variant"],
        "seed": options["seed"],
        "label": "CRNN <b>bold</b>",
        "protocol": options["protocol"],
        "init": options["init"],
        "members": options["members"],
        "split": "test",
        "scores": values,
        "classes": options["classes"]
        or {c: {"event_f1": 0.2 * (i + 1), "psds1": 0.3} for i, c in enumerate(CLASSES)},
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
    usual |= {"changes": (), "partial": False, "state": "finished", "arch": "crnn"}
    usual |= {"protocol": "held_out", "init": {}, "members": [], "classes": None}
    options = usual | {"created": "2024-01-01T00:00:00+00:00"} | options
    run = runs / name
    write_json(run / "run.json", about(name, options))
    recipe = {"architecture": options["arch"], "variant": options["variant"]}
    write_json(run / "recipe.json", recipe)
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


def make_spatial_run(runs, name="seld", **options) -> Path:
    """The folder of a run with directions, scored from its files as `seldbench run` does."""
    usual = {"dataset": "tnsse2021", "variant": "foa", "seed": 0, "scorers": ("dcase2021",)}
    usual |= {"distance": False, "off": 0, "seconds": 10.0, "protocol": "held_out", "limit": None}
    usual |= {"imported": None, "changes": (), "partial": False, "psds1": 0, "state": "finished"}
    options = usual | {"created": "2024-01-01T00:00:00+00:00"} | options
    run = make_run(runs, name, **{k: v for k, v in options.items() if k in USUAL})
    for old in ("reference/ground_truth.tsv", "predictions/events.tsv", "predictions/scores.npz"):
        (run / old).unlink()
    durations = "".join(f"{clip}\t{options['seconds']}\n" for clip in SCENES)
    (run / "reference" / "durations.tsv").write_text(f"filename\tduration\n{durations}")
    measured = options["distance"]
    for side, per_metre in (("reference", 100), ("predictions", 1)):
        folder = run / side / "directions"
        folder.mkdir()
        for clip, events in SCENES.items():
            off = OFF[clip] + options["off"] if side == "predictions" else 0
            (folder / f"{clip}.csv").write_text(rows(events, off, per_metre if measured else None))
    content = json.loads((run / "scores.json").read_text())
    content |= {"task": "seld", "scorers": list(options["scorers"])}
    content |= {"protocol": options["protocol"], "imported": options["imported"]}
    write_json(run / "scores.json", content | scores_of_directions(run, options["scorers"]))
    recipe = json.loads((run / "recipe.json").read_text())
    write_json(run / "recipe.json", recipe | {"scorers": list(options["scorers"])})
    return run


SOUNDS = ("rain", "<b>dog</b>", "siren")


def make_tagging_run(runs, name="tagger", **options) -> Path:
    """The folder of a tagging run, scored from its files as `seldbench run` does: a clip in six is
    wrong. labels: {clip: labels}, for sets whose clips may have several; folds: of the set."""
    usual = {"dataset": "esc50", "variant": "ast_s", "arch": "ast", "classes": SOUNDS, "clips": 30}
    usual |= {"folds": 5, "fold": "0,1,2,3,4", "wrong": 6, "single": True, "psds1": 0}
    options = usual | options
    own = {"classes", "clips", "folds", "fold", "wrong", "single"}
    run = make_run(runs, name, **{k: v for k, v in options.items() if k not in own})
    for old in ("reference/ground_truth.tsv", "predictions/events.tsv", "predictions/scores.npz"):
        (run / old).unlink()
    classes, rng = options["classes"], np.random.default_rng(0)
    labels = [[classes[i % len(classes)]] for i in range(options["clips"])]
    if not options["single"]:
        labels = [sorted({*of, classes[i * 7 % len(classes)]}) for i, of in enumerate(labels)]
    write_tags(run, options, labels)
    lines = ["\t".join(("filename", *classes))]
    for i, of in enumerate(labels):
        scores = rng.uniform(0.0, 0.4, len(classes))
        scores[[classes.index(label) for label in of]] = 0.9
        if i % options["wrong"] == 0:
            scores[(classes.index(of[0]) + 1) % len(classes)] = 0.95
        lines.append("\t".join([f"clip-{i}.wav", *(f"{value:.4f}" for value in scores)]))
    (run / "predictions" / "clips.tsv").write_text("\n".join(lines) + "\n")
    content = json.loads((run / "scores.json").read_text()) | scores_of_tags(run)
    content |= {"task": "tagging", "post": None, "fold": options["fold"]}
    content["data"] |= {"folds": options["folds"]}
    write_json(run / "scores.json", content)
    about = json.loads((run / "run.json").read_text())
    if options["folds"] > 1:
        about["stages"] = {f"tagger@{k}": STAGE for k in range(options["folds"])}
    write_json(run / "run.json", about | {"fold": options["fold"]})
    return run


def write_tags(run, options, labels):
    several = options["folds"] > 1
    column = "label" if options["single"] else "event_labels"
    lines = [f"filename\t{column}" + "\tfold" * several]
    for i, of in enumerate(labels):
        lines.append(f"clip-{i}.wav\t{','.join(of)}" + f"\t{i % options['folds']}" * several)
    (run / "reference" / "tags.tsv").write_text("\n".join(lines) + "\n")
    durations = "".join(f"clip-{i}.wav\t5.0\n" for i in range(len(labels)))
    (run / "reference" / "durations.tsv").write_text(f"filename\tduration\n{durations}")


def scores_of_tags(run):
    from seldbench.evaluation import Resampling, score_tagging_files

    scores = score_tagging_files(
        run / "reference" / "tags.tsv",
        run / "predictions" / "clips.tsv",
        resampling=Resampling(20),
    )
    return scores.as_json()


MANY = tuple(f"class {i}" for i in range(70))


@pytest.fixture(scope="session")
def rendered_tags(tmp_path_factory):
    """Pages of taggers: five folds with one label a clip, and many classes. Only to be read."""
    from seldbench.report.pages.rendering import render
    from seldbench.report.publish import publish

    folder = tmp_path_factory.mktemp("rendered_tags")
    write, out = partial(make_tagging_run, folder / "runs"), folder / "reports"
    publish(write("single", dataset="esc50-sim", init={"encoder": "random"}), out)
    several = {"single": False, "folds": 1, "fold": 0, "dataset": "audioset"}
    publish(write("several", classes=MANY, clips=140, **several), out)
    render(out)
    return out


@pytest.fixture
def write_tagging_run(tmp_path):
    """write_tagging_run(name, **what differs) -> the run's folder below runs/."""
    return partial(make_tagging_run, tmp_path / "runs")


USUAL = ("dataset", "variant", "seed", "limit", "psds1", "changes", "partial", "state", "created")


def scores_of_directions(run, scorers):
    """What `seldbench run` puts into scores.json: the first scorer's scores under plain names."""
    from seldbench.evaluation import Resampling, score_seld
    from seldbench.report.clips.shown_directions import read_directed

    found = read_directed(run, PLACES)
    content = {"scores": {}, "classes": {name: {} for name in PLACES}, "intervals": {}}
    for i, scorer in enumerate(scorers):
        scores = score_seld(
            found.reference,
            found.predicted,
            scorer,
            classes=len(PLACES),
            with_distance=found.measured,
            resampling=Resampling(20),
        )
        prefix = f"{scorer}/" if i else ""
        for part in ("scores", "intervals"):
            content[part] |= {prefix + n: v for n, v in getattr(scores, part).items()}
        for number, of_class in scores.classes.items():
            content["classes"][PLACES[int(number)]] |= {prefix + n: v for n, v in of_class.items()}
        known = {PLACES[int(number)] for number in scores.scored_classes}
    content["scored_classes"] = [name for name in PLACES if name in known]
    content["unscored_classes"] = [name for name in PLACES if name not in known]
    return content


@pytest.fixture
def write_spatial_run(tmp_path):
    """write_spatial_run(name, **what differs) -> the run's folder below runs/."""
    return partial(make_spatial_run, tmp_path / "runs")


@pytest.fixture(scope="session")
def rendered_directions(tmp_path_factory):
    """A reports folder with pages of runs with directions; also one with events. Only to be
    read."""
    from seldbench.report.pages.rendering import render
    from seldbench.report.publish import publish

    folder = tmp_path_factory.mktemp("rendered_directions")
    write, out = partial(make_spatial_run, folder / "runs"), folder / "reports"
    publish(write("plain"), out, audio=noise)
    publish(write("seed1", seed=1, off=3), out, shown=1)
    publish(write("sim", dataset="tnsse2021-sim", off=8), out, shown=2)
    both = {
        "scorers": ("dcase2023_fixed", "dcase2024_fixed"),
        "distance": True,
        "dataset": "starss23",
    }
    publish(write("far", **both, protocol="select_on_test", imported={"sha256": "ab"}), out)
    publish(make_run(folder / "runs", "events"), out, shown=1)
    render(out)
    return out


@pytest.fixture(scope="session")
def run_maker():
    """make_run(runs, name, **what differs), for runs of other tasks that are made from it."""
    return make_run


@pytest.fixture
def write_run(tmp_path):
    """write_run(name, **what differs) -> the run's folder below runs/."""
    return partial(make_run, tmp_path / "runs")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """A reports folder with pages: two seeds, a simulated run, a partial one. Only to be read."""
    from seldbench.report.pages.rendering import render
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
    from seldbench.report.results.score_files import run_content
    from seldbench.runs import Run

    def publish(*runs) -> Path:
        reports = tmp_path / "published"
        for run in runs:
            write_json(reports / "scores" / f"{run.name}.json", run_content(Run(run)))
        return reports

    return publish
