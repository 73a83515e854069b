"""The runs that an ensemble averages: what they must have in common, and the scores they keep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seldbench import annotations
from seldbench.errors import BadRun, near
from seldbench.experiment import files
from seldbench.inference.ensembling import mean_clip_scores
from seldbench.prediction import ClipScores, FrameScores
from seldbench.recipe import Recipe
from seldbench.runs import Run

# What members must have in common: {in words: of scores.json}.
SHARED: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "tasks": lambda s: s["task"],
    "data sets": lambda s: s["dataset"],
    "versions of the data (fingerprint)": lambda s: s["data"]["fingerprint"],
    "versions of the test labels": lambda s: s["data"].get("test_labels"),
    "splits": lambda s: s["split"],
    "limits": lambda s: s["limit"],
    "folds": lambda s: s["fold"],
    "test clips found": lambda s: s["data"]["coverage"].get(s["split"]),
}


@dataclass(frozen=True)
class Member:
    """A finished run, its scores.json and its recipe."""

    run: Run
    scores: dict[str, Any]
    recipe: Recipe

    @property
    def name(self) -> str:
        return self.run.path.name

    @property
    def system(self) -> str:
        return f"{self.scores['arch']}-{self.scores['variant']}"


def member_of(run: Run) -> Member:
    """Raises BadRun for a run whose scores cannot be averaged."""
    scores = run.scores
    if scores.get("members"):
        raise BadRun(
            f"{run.path}: an ensemble itself; name its members, so that each counts the same:"
            f" {', '.join(member['run'] for member in scores['members'])}"
        )
    if scores.get("task") not in ("sed", "tagging"):
        raise BadRun(
            f"{run.path}: a run for {scores.get('task')!r}; scores of events and of clips have a"
            " mean, directions of several systems would have to be paired first"
        )
    return Member(run, scores, files.trained_recipe(run))


def check_members(members: Sequence[Member]) -> None:
    """Raises BadRun where these runs have no mean."""
    if len(members) < 2:
        raise BadRun("an ensemble needs two runs at least; name another")
    keys = [member.run.about["key"] for member in members]
    for member, key in zip(members, keys):
        if keys.count(key) > 1:
            raise BadRun(f"{member.name} is named twice; each run counts once")
    for what, fact in SHARED.items():
        said = {member.name: str(fact(member.scores)) for member in members}
        if len(set(said.values())) > 1:
            raise BadRun(
                f"different {what} ({_listed(said)}): only scores of the same clips have a mean"
            )
    first = reference_files(members[0].run)
    for member in members[1:]:
        if _sorted_lines(reference_files(member.run)) != _sorted_lines(first):
            raise BadRun(
                f"{member.run.reference} and {members[0].run.reference} differ; run again on the"
                " data as it is now"
            )


def deciding(members: Sequence[Member], chosen: str | None) -> Member:
    """The member whose post-processing acts on the means."""
    if chosen is not None:
        known = {member.name: member for member in members}
        name = Path(chosen).name
        if name not in known:
            raise BadRun(f"--post {chosen}: none of the members{near(name, known)}")
        return known[name]
    if members[0].scores["task"] == "tagging":
        return members[0]
    for what in dict.fromkeys(key for member in members for key in _post(member)):
        said = {member.name: str(_post(member).get(what)) for member in members}
        if len(set(said.values())) > 1:
            raise BadRun(
                f"different {what} in post-processing ({_listed(said)}): say with --post RUN which"
                " member's is to act on the means"
            )
    return members[0]


def _post(member: Member) -> dict[str, Any]:
    """Values by what they are, those of classes each for itself; not where they came from."""
    found: dict[str, Any] = {"clip mask": member.recipe.post.clip_mask}
    for what, value in member.scores["post"].items():
        if isinstance(value, Mapping):
            found |= {f"{what} of {name}": of_class for name, of_class in value.items()}
        elif what != "origin":
            found[what] = value
    return found


def frame_scores_of(member: Member) -> FrameScores:
    """As the network gave them."""
    folder = member.run.predictions
    if (folder / files.UNPROCESSED).exists():
        return annotations.read_frame_scores(folder / files.UNPROCESSED)
    if files.processed(member.recipe.post, member.scores["post"]["medians"]):
        raise BadRun(
            f"{member.run.path}: keeps no scores from before its post-processing; move the folder"
            " away and start its command again: nothing is trained anew"
        )
    return annotations.read_frame_scores(folder / files.SCORES)


def reference_files(run: Run) -> dict[str, bytes]:
    """{file: content} of what a run was scored against."""
    return {path.name: path.read_bytes() for path in sorted(run.reference.glob("*.tsv"))}


def _sorted_lines(reference: Mapping[str, bytes]) -> dict[str, list[bytes]]:
    return {name: sorted(content.splitlines()) for name, content in reference.items()}


def clip_scores_of(members: Sequence[Member]) -> ClipScores | None:
    """Their mean; None where a member has none."""
    paths = {member.name: member.run.predictions / files.CLIPS for member in members}
    if not all(path.exists() for path in paths.values()):
        return None
    return mean_clip_scores({n: annotations.read_clip_scores(p) for n, p in paths.items()})


def _listed(said: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in said.items())
