"""One door for plug-ins: packages named by the entry point group `seldbench.plugins`.

In a package's folders `architectures/`, `features/`, `formats/`, `datasets/`, `imports/` and
`weights/` a file's name is the thing's name (`desed_sim.py` is the data set `desed-sim`; files with
a leading underscore are shared code); `recipes/<architecture>/<dataset>.toml` and
`tables/<paper>.toml` are data. Listing reads folders and imports nothing.
"""

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seldbench.errors import UnknownName, near

GROUP = "seldbench.plugins"
# What a file of each kind must define.
DEFINES = {
    "architectures": "ARCHITECTURE",
    "features": "FEATURES",
    "formats": "FORMAT",
    "datasets": "DATASET",
    "imports": "IMPORT",
    "weights": "WEIGHTS",
}
DATA = ("recipes", "tables")


@cache
def packages() -> dict[str, Path]:
    """{package: its folder} of every plug-in, ours first, then by name."""
    found = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.value != "seldbench", e.value)):
        spec = find_spec(entry.value)
        if spec is None or not spec.submodule_search_locations:
            raise UnknownName(
                f"plug-in {entry.name!r} names the package {entry.value!r}, which cannot be found;"
                " install it again or remove its entry point"
            )
        found[entry.value] = Path(next(iter(spec.submodule_search_locations)))
    return found


def names(kind: str) -> list[str]:
    """The names of one kind, sorted; of recipes `architecture/dataset`, of tables the papers."""
    return sorted(_files(kind))


def find(kind: str, name: str) -> Any:
    """What the file of that name defines: an Architecture, or a class to build.

    Raises:
        UnknownName: no such name (with the nearest known ones).
    """
    package, path = _lookup(kind, name)
    module_name = ".".join([package, kind, path.stem])
    module = import_module(module_name)
    if not hasattr(module, DEFINES[kind]):
        raise UnknownName(f"{path}: must define {DEFINES[kind]}")
    return getattr(module, DEFINES[kind])


def data_file(kind: str, name: str) -> Path:
    """The TOML file of a recipe (`architecture/dataset`) or of a paper's tables."""
    return _lookup(kind, name)[1]


def _lookup(kind: str, name: str) -> tuple[str, Path]:
    files = _files(kind)
    if name not in files:
        singular = {
            "tables": "paper with tables",
            "features": "features",
            "weights": "weights",
        }.get(kind, kind[:-1])
        raise UnknownName(
            f"no {singular} named {name!r}{near(name, files)}; see `seldbench list {kind}`"
        )
    return files[name]


@cache
def _files(kind: str) -> dict[str, tuple[str, Path]]:
    if kind not in (*DEFINES, *DATA):
        raise UnknownName(f"no kind {kind!r}; kinds: {', '.join((*DEFINES, *DATA))}")
    pattern = {"recipes": "*/*.toml", "tables": "*.toml"}.get(kind, "*.py")
    found: dict[str, tuple[str, Path]] = {}
    for package, folder in packages().items():
        for path in sorted((folder / kind).glob(pattern)):
            if path.name.startswith("_"):
                continue
            name = _name(kind, path)
            if name in found:
                raise UnknownName(
                    f"{kind}: {name!r} is defined twice, by {found[name][1]} and by {path};"
                    " rename one of the files"
                )
            found[name] = (package, path)
    return found


def _name(kind: str, path: Path) -> str:
    if kind == "recipes":
        return f"{path.parent.name}/{path.stem}"
    stem = path.stem
    if kind == "datasets" and stem.endswith("_sim"):
        return stem.removesuffix("_sim") + "-sim"
    return stem
