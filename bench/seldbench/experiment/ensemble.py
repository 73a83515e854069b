"""`seldbench ensemble`: the mean of finished runs' scores as a run of its own.

Clip scores of taggers are averaged as they were saved, after sigmoid or softmax (AST, Gong et al.
2021, sec. 3.1; YuanGongND/ast, egs/audioset/ensemble.py). Of SED the frame scores as the networks
gave them are averaged, and the clip scores where all members have them; clip mask, class-wise
medians and thresholds act on the means.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from seldbench import annotations, runs
from seldbench.contracts import Clip, OutputFormat, PostProcessing, Progress
from seldbench.errors import BadRun
from seldbench.experiment import files
from seldbench.experiment.members import (
    Member,
    check_members,
    clip_scores_of,
    deciding,
    frame_scores_of,
    member_of,
    reference_files,
)
from seldbench.experiment.scoring import score_file, scored
from seldbench.formats.strong import Strong
from seldbench.formats.weak import Weak
from seldbench.inference.decoding import decode, masked
from seldbench.inference.ensembling import mean_frame_scores
from seldbench.inference.tuning import fold_of, of_clip
from seldbench.prediction import ClipScores, FrameScores
from seldbench.runs import Run, open_run
from seldbench.storage import write_bytes, write_json

LONGEST = 60  # characters of a variant in a folder's name


def ensemble(
    names: Sequence[str],
    folder: Path,
    progress: Progress,
    *,
    post: str | None = None,
    label: str | None = None,
) -> Run:
    """Average runs in `folder`; what is there already is not made again.

    Args:
        names: of runs, or their folders.
        post: the member whose post-processing is taken; None: that of all, which must be the same.
        label: what tables call it; None: how many of what.

    Raises:
        BadRun: fewer than two runs, one twice, an unfinished one; runs that do not share what a
            mean needs.
        BadFile: a broken file in a run's folder.
    """
    members = [member_of(open_run(name, folder)) for name in names]
    check_members(members)
    decided = deciding(members, post)
    means = _means(members, decided)
    run = runs.start_run(folder, _about(members, decided))
    if (run.path / "scores.json").exists():
        progress.say("already finished")
        return run
    write_json(run.path / "recipe.json", _recipe(members, decided))
    for name, content in reference_files(members[0].run).items():
        write_bytes(run.reference / name, content)
    means.write(run, decided)
    progress.say("scoring, with intervals over 1000 resamplings of the clips")
    scores = scored(run, members[0].scores["task"], (), ())
    said = _said(members, decided, label)
    write_json(run.path / "scores.json", score_file(run, scores, said, runs.environment("cpu")))
    runs.finish_run(run)
    return run


@dataclass(frozen=True, eq=False)
class _Means:
    """hop: seconds of a frame. clips: None where a member has none; frames: None of taggers."""

    clips: ClipScores | None
    frames: FrameScores | None
    hop: float

    def write(self, run: Run, decided: Member) -> None:
        """The run's predictions."""
        if self.frames is not None:
            self._write_sed(run, self.frames, decided)
        elif self.clips is not None:
            annotations.write_clip_scores(run.predictions / files.CLIPS, self.clips)

    def _write_sed(self, run: Run, frames: FrameScores, decided: Member) -> None:
        """Events of the means, decided as a network's are."""
        mask, post = decided.recipe.post.clip_mask, PostProcessing(**decided.scores["post"])
        heads = (mask.frames, mask.clip) if mask else ("frames", "clip")
        formats = {heads[0]: cast(OutputFormat, Strong(frames.classes))}
        row = {}
        if self.clips is not None:
            formats[heads[1]] = cast(OutputFormat, Weak(frames.classes))
            row = dict(zip(self.clips.clips, torch.from_numpy(self.clips.scores).float()))
        durations = annotations.read_durations(run.reference / "durations.tsv")
        clips = [Clip(name, durations[name], {}) for name in frames.clips]
        predictions, fold = {}, fold_of(frames.clips)
        for clip in clips:
            outputs = {heads[0]: torch.from_numpy(frames.scores[frames.rows(clip.id)])}
            outputs |= {heads[1]: row[clip.id]} if row else {}
            predictions[clip.id] = decode(
                masked(outputs, mask),
                clip,
                formats=formats,
                hop=self.hop,
                post=of_clip(post, fold, clip),
            )
        files.write_sed_predictions(run, clips, predictions, frames.classes)


def _means(members: Sequence[Member], decided: Member) -> _Means:
    clips = clip_scores_of(members)
    if members[0].scores["task"] == "tagging":
        if clips is None:
            raise BadRun(f"a member without predictions/{files.CLIPS}; run it again")
        return _Means(clips, None, 0.0)
    if decided.recipe.post.clip_mask is not None and clips is None:
        raise BadRun(f"a member without predictions/{files.CLIPS}, which the clip mask needs")
    frames, hop = mean_frame_scores({member.name: frame_scores_of(member) for member in members})
    return _Means(clips, frames, hop)


def _about(members: Sequence[Member], decided: Member) -> dict[str, Any]:
    """What run.json says; the order of the members does not matter."""
    first, keys = members[0].scores, sorted(member.run.about["key"] for member in members)
    return {
        "arch": "ensemble",
        **{key: first[key] for key in ("dataset", "fold", "limit")},
        "variant": _variant(members),
        "seed": None,
        "key": runs.digest({"ensemble": keys, "post": decided.scores["post"]}),
        "members": [member.name for member in members],
        "command": runs.command(),
        "stages": {},
    }


def _variant(members: Sequence[Member]) -> str:
    """What was averaged, in a folder's name."""
    numbers = Counter(member.system for member in members)
    name = "+".join(f"{system}-x{number}" for system, number in numbers.items())
    return name if len(name) <= LONGEST else f"{len(numbers)}-systems-x{len(members)}"


def _recipe(members: Sequence[Member], decided: Member) -> dict[str, Any]:
    return {
        "system": files.ENSEMBLE,
        "members": [member.name for member in members],
        "scorers": members[0].recipe.scorers,
        "post": decided.recipe.post.model_dump(mode="json"),
    }


def _said(members: Sequence[Member], decided: Member, label: str | None) -> dict[str, Any]:
    """What the score file says besides the scores: of the members together."""
    every = [member.scores for member in members]
    brief = ("run", "arch", "variant", "seed", "parameters", "label", "command")
    return {
        "task": every[0]["task"],
        "label": label or _title(members),
        "members": [{key: scores.get(key) for key in brief} for scores in every],
        "protocol": next((p for s in every if (p := s["protocol"]) != "held_out"), "held_out"),
        "imported": next((s["imported"] for s in every if s["imported"]), None),
        "init": _begun(every),
        "split": every[0]["split"],
        "data": every[0]["data"],
        "post": decided.scores["post"],
        "parameters": sum(scores["parameters"] for scores in every),
        "training_seconds": sum(scores["training_seconds"] for scores in every),
        "selected": {},
    }


def _title(members: Sequence[Member]) -> str:
    numbers = Counter(member.scores["label"] for member in members)
    return "Ensemble of " + " + ".join(f"{number} x {name}" for name, number in numbers.items())


def _begun(every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where parts began; at random, if that of any member did."""
    found: dict[str, Any] = {}
    for part, origin in (item for scores in every for item in scores.get("init", {}).items()):
        if found.get(part) != "random":
            found[part] = origin
    return found
