"""Where a trained stage comes from, and whether it would still come out of what is here now."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seldbench import runs
from seldbench.runs import StageFolder
from seldbench.storage import file_digest

if TYPE_CHECKING:
    from seldbench.experiment.keys import Node

SAID = ("key", "weights", "source", "device", "data", "seed", "parents")


def beginning(node: "Node", earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What stage.json says of a training that begins, or goes on from what `earlier` says."""
    sources = [earlier["source"]] if earlier.get("source") else []
    return {
        "format": runs.STAGE_FORMAT,
        "key": node.key,
        "name": node.name,
        **node.about,
        "parents": parents_of(node),
        "source": "+".join(dict.fromkeys("+".join([*sources, runs.source_digest()]).split("+"))),
        "begun": earlier.get("begun") or now(),
        "stage": node.stage.model_dump(mode="json"),
    }


def now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def parents_of(node: "Node") -> dict[str, dict[str, str]]:
    """{parent: its key, and the SHA-256 of its weights}."""
    return {
        name: {"key": parent.key, "weights": weights_of(parent.folder)}
        for name, parent in node.parents.items()
    }


def weights_of(folder: StageFolder) -> str:
    """The SHA-256 of a finished stage's weights; older folders do not say it themselves."""
    return (folder.done or {}).get("weights") or file_digest(folder.weights)


def complete(node: "Node") -> dict[str, Any]:
    """What a finished stage's done.json says; of an older one with what can still be known."""
    done = node.folder.done
    assert done is not None
    known = {"key": node.key, "weights": weights_of(node.folder), "source": node.folder.source}
    return {**known, **done}


def provenance(done: Mapping[str, Any]) -> dict[str, Any]:
    """What a score record says of a stage; None for what an older folder does not know."""
    return {name: done.get(name) for name in SAID}


def outdated(folder: StageFolder, parents: Mapping[str, StageFolder]) -> str:
    """Why a finished stage would be trained from something else now; "" where it would not."""
    done = folder.done
    if done is None:
        return ""
    if folder.source != runs.source_digest():
        return "the source changed since"
    renewed = _renewed(done, parents)
    return f"{', '.join(renewed)} trained anew since" if renewed else ""


def _renewed(done: Mapping[str, Any], parents: Mapping[str, StageFolder]) -> list[str]:
    """The parents whose weights are others than those that were started from."""
    found = []
    for name, parent in parents.items():
        trained = parent.done
        if trained is None:
            continue
        was = done.get("parents", {}).get(name, {}).get("weights")
        # A stage that does not say its parents' weights is older than a parent that says its own.
        if was != (weights_of(parent) if was else trained.get("weights")):
            found.append(name)
    return found


def of_no_use(earlier: Mapping[str, Any], node: "Node", retrain: bool) -> str:
    """Why a training that was begun, as `earlier` says, cannot be gone on with; "" where it can."""
    if "parents" not in earlier:
        return ""
    if any(p.folder.done is None for p in node.parents.values()):
        return "a stage that it starts from is not trained"
    if earlier["parents"] != parents_of(node):
        return "a stage that it starts from was trained anew since"
    if retrain and earlier["source"] != runs.source_digest():
        return "the source changed since it was begun"
    return ""


def superseded(scores: Mapping[str, Any], trainings: Mapping[str, "Node"], retrain: bool) -> bool:
    """Whether a finished run's scores are of other weights than its stages have, or will have.

    Args:
        trainings: its stages, named as its score record names them.
        retrain: whether what is outdated will be trained anew.
    """
    said = scores.get("trainings", {})
    for which, node in trainings.items():
        weights = (node.folder.done or {}).get("weights")
        if weights != said.get(which, {}).get("weights") and weights is not None:
            return True
        if retrain and why_anew(node):
            return True
    return False


def why_anew(node: "Node") -> str:
    """Why `--retrain` trains a finished stage anew: for itself, or for what it starts from."""
    if node.folder.done is None:
        return ""
    own = outdated(node.folder, {name: p.folder for name, p in node.parents.items()})
    above = [name for name, p in node.parents.items() if p.folder.done is None or why_anew(p)]
    return own or (f"{', '.join(above)} will be trained anew" if above else "")
