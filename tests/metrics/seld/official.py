"""The official SELD scorers, run from checkouts of their repositories as they are.

A checkout is recognised by its content. The names that numpy has dropped since (numpy.float,
numpy.NaN) and the import of IPython's `embed` are put back while its code runs; of
cls_feature_class.py only the readers and converters are taken, so that no audio library is needed.
"""

import ast
import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from seldbench.geometry import angles as angles_of

FRAMES, RATE = 600, 10
METHODS = (
    "load_output_format_file",
    "segment_labels",
    "organize_labels",
    "convert_output_format_polar_to_cartesian",
    "convert_output_format_cartesian_to_polar",
)
# What the results of each year hold, in their order.
JOINT = ("er20", "f20", "le_cd", "lr_cd", "seld_score")
APART = ("er", "f1", "doa_error", "frame_recall", "seld_score")
DISTANT = ("er20", "f20", "doae_cd", "diste_cd", "rde_cd", "lr_cd", "seld_score")


@dataclass(frozen=True)
class Result:
    """scores: {name: value}; classes: {name: (classes,)}; intervals likewise, (2,) and
    (classes, 2)."""

    scores: dict
    classes: dict
    intervals: dict
    class_intervals: dict


@dataclass(frozen=True)
class Checkout:
    """path: its root. years: the scorers it holds. label: repository@commit."""

    path: Path
    years: tuple[str, ...]
    label: str


def checkouts(paths):
    """Those that the paths are or, where they are none, hold."""
    found = []
    for path in map(Path, paths):
        held = [] if _years(path) else sorted(p for p in path.iterdir() if p.is_dir())
        for folder in held or [path]:
            years = _years(folder)
            if years:
                found.append(Checkout(folder, years, _label(folder)))
    return found


def _years(folder):
    text = "".join(
        (folder / name).read_text(errors="replace")
        for name in ("SELD_evaluation_metrics.py", "metrics/SELD_evaluation_metrics.py")
        if (folder / name).is_file()
    )
    if (folder / "seld/methods/utils/SELD_evaluation_metrics_2020.py").is_file():
        return "dcase2019", "dcase2020"
    if "SELDMetricsSegmentLevel" in text:
        return "dcase2024", "dcase2024_segments"
    if "_FP_spatial" in text:
        reader = (folder / "cls_feature_class.py").read_text()
        return ("dcase2023",) if "len(_words) == 7" in reader else ("dcase2022",)
    if "class SELDMetrics" in text:
        return ("dcase2020",) if "_Nsys" in text else ("dcase2021",)
    return ()


def _label(folder):
    def git(*words):
        told = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
        return told.stdout.strip()

    origin = git("remote", "get-url", "origin").removesuffix(".git").removesuffix("/repo")
    name = "/".join(origin.replace("+", "/").split("/")[-2:]) or folder.name
    return f"{name}@{git('rev-parse', '--short', 'HEAD') or 'unknown commit'}"


@contextlib.contextmanager
def of_its_time():
    """numpy and IPython as that code expects them, and its prints swallowed."""
    old = {"float": float, "NaN": np.nan}
    missing = [name for name in old if name not in vars(np)]
    for name in missing:
        setattr(np, name, old[name])
    with _modules(IPython=_module("IPython", embed=None)), np.errstate(all="ignore"):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        finally:
            for name in missing:
                delattr(np, name)


@contextlib.contextmanager
def _modules(**modules):
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _module(name, **members):
    module = ModuleType(name)
    vars(module).update(members)
    return module


def _loaded(path):
    module = ModuleType(path.stem)
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    return module


def _functions(path, names):
    """Functions of a file, wherever they stand in it, without running the rest."""
    nodes = [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.FunctionDef) and n.name in names
    ]
    scope = {"np": np, "os": os}
    exec(compile(ast.Module(nodes, type_ignores=[]), str(path), "exec"), scope)
    return {n.name: scope[n.name] for n in nodes}


class Official:
    """One year's scorer of a checkout."""

    def __init__(self, checkout, year, *, classes=13):
        self.checkout, self.year, self.classes = checkout, year, classes
        root = checkout.path
        if year in ("dcase2019", "dcase2020") and "dcase2019" in checkout.years:
            utils = root / "seld/methods/utils"
            self.metrics = self._load(utils / f"SELD_evaluation_metrics_{year[-4:]}.py")
            made = _functions(utils / "data_utilities.py", ["to_metrics2020_format"])
            self.segmented = lambda rows, frames: made["to_metrics2020_format"](rows, frames, 0.1)
            self.features = None
            return
        inside = root / "metrics/SELD_evaluation_metrics.py"
        at_root = root / "SELD_evaluation_metrics.py"
        self.metrics = self._load(at_root if at_root.is_file() else inside)
        methods = _functions(root / "cls_feature_class.py", METHODS)
        methods |= {
            "__init__": lambda self, params: None,
            "get_nb_classes": lambda self: classes,
            "get_nb_frames": lambda self: FRAMES,
            "_nb_label_frames_1s": RATE,
        }
        self.feature_class = type("FeatureClass", (), methods)
        self.features = self.feature_class({})
        self.segmented = self.features.segment_labels

    def _load(self, path):
        with of_its_time():
            return _loaded(path)

    # In memory: what the commands do with rows, file by file. Polar rows throughout.

    def rows(self, table):
        """A table's rows as that year's reader gives them, by file."""
        degrees = np.stack(angles_of(table.direction), 1) if table.cartesian else table.direction
        distance = np.zeros(len(table)) if table.distance is None else table.distance
        files = [{} for _ in table.files]
        columns = (table.file, table.frame, table.label, table.track, *degrees.T, distance)
        for file, frame, label, track, azimuth, elevation, metres in zip(
            *(column.tolist() for column in columns)
        ):
            row = {
                "dcase2019": [label, azimuth, elevation],
                "dcase2020": [label, azimuth, elevation],
                "dcase2021": [label, azimuth, elevation, track],
                "dcase2024": [label, track, azimuth, elevation, metres],
            }.get(self.year, [label, track, azimuth, elevation])
            files[file].setdefault(frame, []).append(row)
        return dict(zip(table.files, files))

    def score(self, reference, predictions, *, average="macro"):
        """{name: score} and {name: (classes,)} of rows by file; every prediction has a
        reference."""
        with of_its_time():
            if self.year == "dcase2019":
                return dict(zip(APART, self._score_2019(reference, predictions))), {}
            made = self._scorer(average)
            for name, rows in predictions.items():
                made.update_seld_scores(*self._labels(rows, reference[name]))
            given = made.compute_seld_scores()
        names = DISTANT if self.year == "dcase2024" else JOINT
        by_class = given[len(names)] if len(given) > len(names) else ()
        return dict(zip(names, given)), dict(zip(names, by_class))

    def _scorer(self, average):
        options = {"nb_classes": self.classes, "doa_threshold": 20}
        if self.year in ("dcase2020", "dcase2021"):
            return self.metrics.SELDMetrics(**options)
        if self.year == "dcase2024_segments":
            return self.metrics.SELDMetricsSegmentLevel(**options, average=average)
        if self.year == "dcase2024":
            made = self.metrics.SELDMetrics(**options, average=average, reldist_threshold=1.0)
            update = made.update_seld_scores
            made.update_seld_scores = lambda pred, gt: update(pred, gt, eval_dist=True)
            return made
        return self.metrics.SELDMetrics(**options, average=average)

    def _labels(self, predicted, reference):
        fixed = self.year in ("dcase2020", "dcase2021")
        frames = FRAMES if fixed else max(reference)
        both = predicted, reference
        if self.year.startswith("dcase2024"):
            both = (self.features.convert_output_format_polar_to_cartesian(rows) for rows in both)
        cut = self.features.organize_labels if self.year == "dcase2024" else self.segmented
        return [cut(rows, frames) for rows in both]

    def _score_2019(self, reference, predictions):
        """As seld/learning/evaluate.py: files one after another, the last row of a class wins."""
        shape = len(predictions) * FRAMES, self.classes
        sides = []
        for files in (predictions, {name: reference[name] for name in predictions}):
            active, azimuth, elevation = np.zeros((3, *shape))
            for i, rows in enumerate(files.values()):
                for frame, sounding in rows.items():
                    for label, *place in sounding if frame < FRAMES else ():
                        at = i * FRAMES + frame, label
                        active[at] = 1
                        azimuth[at], elevation[at] = (degrees * np.pi / 180 for degrees in place)
            sides.append((active, np.concatenate([azimuth, elevation], 1)))
        (pred, pred_doa), (ref, ref_doa) = sides
        er, f1 = self.metrics.compute_sed_scores(pred, ref, RATE)
        error, recall, *_ = self.metrics.compute_doa_scores_regr(pred_doa, ref_doa, pred, ref)
        score = self.metrics.early_stopping_metric([er, f1], [error, recall])
        return er, f1, error, recall, score

    # The command itself, on folders of CSV files. dcase2021 on.

    def command(self, reference, predictions, *, angles, average="macro", jackknife=False):
        """Result of `ComputeSELDResults`; the folder `reference` holds one folder a split."""
        feature_module = _module("cls_feature_class", FeatureClass=self.feature_class)
        names = ("parameters", "parameter")
        stubs = {name: _module(name) for name in names} | {"cls_feature_class": feature_module}
        stubs["SELD_evaluation_metrics"] = self.metrics
        stubs["metrics"] = _module("metrics", SELD_evaluation_metrics=self.metrics)
        stubs["metrics.SELD_evaluation_metrics"] = self.metrics
        params = {"lad_doa_thresh": 20, "average": average, "lad_reldist_thresh": 1.0}
        params["segment_based_metrics"] = self.year == "dcase2024_segments"
        params["evaluate_distance"] = self.year == "dcase2024"
        options = (
            {} if self.year.startswith("dcase2024") else {"use_polar_format": angles == "polar"}
        )
        with of_its_time(), _modules(**stubs):
            made = _loaded(self.checkout.path / "cls_compute_seld_results.py")
            command = made.ComputeSELDResults(params, str(reference), **options)
            flags = {"is_jackknife": jackknife} if self.year != "dcase2021" else {}
            return self._result(command.get_SELD_Results(str(predictions), **flags), jackknife)

    def _result(self, given, jackknife):
        names = DISTANT if self.year == "dcase2024" else JOINT
        values, by_class = given[: len(names)], given[len(names) :]
        if not jackknife:
            classes = dict(zip(names, by_class[0])) if by_class and len(by_class[0]) else {}
            return Result(dict(zip(names, values)), classes, {}, {})
        intervals = {n: np.array(v[1]) for n, v in zip(names, values)}
        of_class = dict(zip(names, by_class[0][1])) if len(by_class[0][0]) else {}
        return Result({}, {}, intervals, of_class)
