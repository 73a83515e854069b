"""From a TOML file to a resolved recipe: variants and `--set` applied, unknown keys refused."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from seldbench import registry
from seldbench.errors import BadRecipe, UnknownName, near
from seldbench.recipe.model import (
    Augment,
    Halves,
    Head,
    Inference,
    Input,
    Origin,
    Pseudo,
    Recipe,
    Stage,
    Views,
)
from seldbench.recipe.post import Box, BoxGrid, ClipMask, Post, Tune
from seldbench.recipe.training import Consistency, Decay, Training

# A variant that names one of these says all of it: merged, an entry could never be taken away.
REPLACED = frozenset(
    {
        "answers",
        "batch",
        "select",
        "medians",
        "thresholds",
        "features",
        "format",
        "tune",
        "clip_mask",
        "boxes",
        "oracles",
    }
)
# Tables of which each entry is a choice: one that a variant names replaces the other as a whole.
ENTRIES = frozenset({"init", "inputs", "labels"})
STAGE_KEYS = (
    "architecture",
    "features",
    "layout",
    "each_microphone",
    "fit_on",
    "model",
    "heads",
    "batch",
    "augment",
    "training",
    "select",
    "inference",
    "validation",
    "average",
    "init",
    "inputs",
    "labels",
)


def recipe_file(architecture: str, dataset: str) -> Path:
    """The recipe's file; a simulated set uses its real twin's unless it has its own.

    Raises:
        UnknownName: the architecture, the data set, or a recipe that joins them is unknown.
    """
    known = registry.names("recipes")
    for kind, name in (("architectures", architecture), ("datasets", dataset)):
        if name not in registry.names(kind):
            raise UnknownName(
                f"no {kind[:-1].replace('dataset', 'data set')} named {name!r}"
                f"{near(name, registry.names(kind))}; see `seldbench list {kind}`"
            )
    for candidate in (dataset, dataset.removesuffix("-sim")):
        if f"{architecture}/{candidate}" in known:
            return registry.data_file("recipes", f"{architecture}/{candidate}")
    sets = sorted(r.split("/")[1] for r in known if r.startswith(f"{architecture}/"))
    raise UnknownName(
        f"no recipe for {architecture!r} on {dataset!r}; {architecture} has recipes for:"
        f" {', '.join(sets) or 'nothing yet'}"
    )


def variants(path: Path) -> list[str]:
    """The variants of a recipe file, the default first."""
    return list(_read(path).get("variants", {}))


def resolve(
    path: Path, dataset: str, variant: str | None = None, settings: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe with a variant's overrides and `--set` applied.

    Args:
        path: the recipe's file; its folder names the architecture.
        dataset: the data set that it runs on (a simulated twin's name differs from the file's).
        variant: None for the first.
        settings: {"training.epochs": 3}: for every stage, or "stages.NAME.training..." for one.
            Stages of 0 epochs, which only put parts together, are left so unless they are named.

    Raises:
        BadRecipe: not TOML, an unknown or missing key, a value that breaks a rule.
        UnknownName: an unknown variant or setting.
    """
    raw = _read(path)
    known = raw.pop("variants", {})
    if variant is None:
        variant = next(iter(known), "default")
    elif variant not in known:
        raise UnknownName(
            f"{path.parent.name}/{path.stem} has no variant {variant!r}{near(variant, known)};"
            f" variants: {', '.join(known) or 'none'}"
        )
    for overrides in _chain(path, known, variant):
        raw = merge(raw, overrides)
    shared = {key: raw.pop(key) for key in STAGE_KEYS if key in raw}
    shared.setdefault("architecture", path.parent.name)
    if not isinstance(raw.get("stages"), dict) or not raw["stages"]:
        raise BadRecipe(f"{path}: no [stages.NAME]; a recipe needs at least one stage")
    raw["stages"] = {name: _joined(shared, stage) for name, stage in raw["stages"].items()}
    for key, value in (settings or {}).items():
        _set(raw, key, value)
    raw.setdefault("shown_stage", None if "answers" in raw else list(raw["stages"])[-1])
    raw |= {"architecture": path.parent.name, "dataset": dataset, "variant": variant}
    try:
        recipe = Recipe.model_validate(raw)
        return recipe.model_copy(update={"stages": recipe.needed})
    except ValidationError as error:
        raise BadRecipe(_explain(path, variant, error)) from None


def merge(base: Any, over: Any, key: str = "") -> Any:
    """`over` on top of `base`: tables key by key unless REPLACED, everything else as in `over`."""
    if not isinstance(base, dict) or not isinstance(over, dict) or key in REPLACED:
        return over
    if key in ENTRIES:
        return base | over
    joined = dict(base)
    for name, value in over.items():
        joined[name] = merge(base[name], value, name) if name in base else value
    return joined


def _chain(path: Path, known: dict[str, dict[str, Any]], variant: str) -> list[dict[str, Any]]:
    """What a variant overrides, after what those override that it extends."""
    chain: dict[str, dict[str, Any]] = {}
    name: str | None = variant if variant in known else None
    while name is not None:
        if name not in known or name in chain:
            what = "extends itself" if name in chain else f"no variant {name!r}{near(name, known)}"
            raise BadRecipe(f"{path} (variant {variant}): extends: {what}")
        chain[name] = {key: value for key, value in known[name].items() if key != "extends"}
        name = known[name].get("extends")
    return list(chain.values())[::-1]


def _joined(shared: dict[str, Any], stage: dict[str, Any]) -> dict[str, Any]:
    """A stage on top of what all share; but arguments of one architecture are no other's."""
    own = stage.get("architecture", shared["architecture"]) == shared["architecture"]
    kept = shared if own else {key: v for key, v in shared.items() if key != "model"}
    joined: dict[str, Any] = merge(deepcopy(kept), stage)
    return joined


def parse_setting(text: str) -> tuple[str, Any]:
    """`key=value` with the value as TOML would read it, or else as text.

    Raises:
        UnknownName: no `=`.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UnknownName(f"--set {text!r}: expected key=value, such as training.epochs=3")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def canonical(recipe: BaseModel) -> str:
    """One text for one meaning: what digests are taken of."""
    return json.dumps(recipe.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(f"{path}: not TOML ({error})") from None


def _set(raw: dict[str, Any], key: str, value: Any) -> None:
    parts = _path(key)
    if parts[0] in STAGE_KEYS:
        for name, stage in raw["stages"].items():
            # What only puts trained parts together stays untrained.
            if parts != ["training", "epochs"] or stage.get("training", {}).get("epochs") != 0:
                _set(raw, f"stages.{name}.{key}", value)
        return
    table: Any = raw
    for i, part in enumerate(parts[:-1]):
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise UnknownName(f"--set {key}: {'.'.join(parts[: i + 1])!r} is not a table")
    table[parts[-1]] = value


def _path(key: str) -> list[str]:
    """The parts of a dotted key as TOML reads it: `batch."train/weak"` has two."""
    try:
        table: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError as error:
        raise UnknownName(f"--set {key}: not a key ({error}); quote odd parts") from None
    parts = []
    while isinstance(table, dict):
        ((part, table),) = table.items()
        parts.append(part)
    return parts


def _explain(path: Path, variant: str, error: ValidationError) -> str:
    lines = [f"{path} (variant {variant}):"]
    for problem in _nearest(error):
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            last = str(problem["loc"][-1])
            lines.append(f"  unknown key {where!r}{near(last, _keys(Recipe))}")
        elif problem["type"] == "missing":
            lines.append(f"  missing key {where!r}")
        else:
            of = f"{where}: " if where else ""  # what is wrong with all of it says where itself
            lines.append(f"  {of}{problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _nearest(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Of alternatives that all fail (a box, or boxes by class) the problems of the one that has the
    fewest, the first of equals; pydantic's names of alternatives, such as dict[str,Box], go."""
    alternatives: dict[tuple[Any, ...], dict[str, list[dict[str, Any]]]] = {}
    for problem in error.errors():
        place = problem["loc"]
        at = next((i for i, part in enumerate(place) if "[" in str(part)), len(place))
        name = str(place[at]) if at < len(place) else ""
        plain = tuple(part for part in place if "[" not in str(part))
        found = alternatives.setdefault(place[:at], {}).setdefault(name, [])
        found.append({**problem, "loc": plain})
    for of in alternatives.values():
        yield from min(of.values(), key=len)


def _keys(table: type[BaseModel]) -> set[str]:
    known: set[str] = set()
    for model in (table, *_models()):
        known |= set(model.model_fields)
    return known


def _models() -> tuple[type[BaseModel], ...]:
    return (
        Halves,
        Stage,
        Head,
        Augment,
        Training,
        Decay,
        Inference,
        Views,
        Consistency,
        Origin,
        Input,
        Pseudo,
        Post,
        Box,
        BoxGrid,
        Tune,
        ClipMask,
    )
