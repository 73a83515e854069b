"""The architecture in one list: a module imports from lower floors or from its own folder only."""

import ast
from pathlib import Path

import pytest

import seldbench
import seldbench_baselines

HARNESS = Path(seldbench.__file__).parent
BASELINES = Path(seldbench_baselines.__file__).parent

# From the ground up; modules of one floor do not know each other.
FLOORS = [
    {"errors", "geometry", "events"},
    {"prediction", "arrays"},
    {"contracts"},
    {"storage", "processes"},
    {"annotations", "audio", "images"},
    {"augment", "features", "formats", "metrics", "simulation"},
    {"registry"},
    {"recipe", "tables", "runs", "spectra", "microphones"},
    {"datasets", "windows"},
    {"training", "inference", "evaluation", "datacheck", "fetching"},
    {"experiment", "report"},
    {"listen", "listing", "profiling", "publishing", "reproducing"},
    {"console", "cli", "__main__"},
]
# The rooms of the report, from the ground up.
REPORT = ["results", "clips", "tables", "figures", "pages"]
ENTRANCE = {"console", "cli", "__main__"}  # one room, in three files
OFFICIAL = HARNESS / "evaluation" / "sed" / "official.py"
OPEN_TO_BASELINES = {room for floor in FLOORS[:8] for room in floor}


def room_of(path: Path) -> str:
    """The folder or module of the package that a file belongs to."""
    return path.relative_to(HARNESS).parts[0].removesuffix(".py")


def imported(path: Path, package: str, depth: int = 1) -> set[str]:
    """Rooms of `package` that a file imports, wherever in the file."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        rooms |= {n.split(".")[depth] for n in names if n.startswith(f"{package}.")}
    return rooms - {"__version__"}


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*.py") if p != folder / "__init__.py")


def test_every_module_is_on_a_floor():
    assert {room_of(path) for path in files(HARNESS)} == set().union(*FLOORS)


@pytest.mark.parametrize("path", files(HARNESS), ids=lambda p: str(p.relative_to(HARNESS)))
def test_imports_point_downwards_or_stay_in_the_room(path):
    own = room_of(path)
    height = next(i for i, floor in enumerate(FLOORS) if own in floor)
    below = {own}.union(*FLOORS[:height]) | (ENTRANCE if own in ENTRANCE else set())
    assert imported(path, "seldbench") <= below


@pytest.mark.parametrize("room", REPORT)
def test_the_rooms_of_the_report_stand_on_each_other(room):
    above = set(REPORT[REPORT.index(room) + 1 :])
    for path in files(HARNESS / "report" / room):
        assert not imported(path, "seldbench.report", 2) & above, path


def test_the_harness_does_not_know_the_baselines():
    for path in files(HARNESS):
        assert "seldbench_baselines" not in path.read_text(), path


def test_the_baselines_stand_on_the_lower_floors():
    for path in files(BASELINES):
        assert imported(path, "seldbench") <= OPEN_TO_BASELINES, path


def test_metrics_and_scoring_know_neither_torch_nor_pandas():
    for room in ("metrics", "evaluation", "annotations", "report"):
        for path in files(HARNESS / room):
            tables = room == "report" or path == OFFICIAL
            heavy = {"torch", "timm"} | (set() if tables else {"pandas"})
            tree = ast.walk(ast.parse(path.read_text()))
            names = {
                name.split(".")[0]
                for node in tree
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            assert not names & heavy, path


def test_the_official_scorers_and_pandas_are_imported_only_when_asked_for():
    imports = [line for line in OFFICIAL.read_text().splitlines() if line.startswith(("f", "i"))]
    assert any("numpy" in line for line in imports)
    assert not any(name in line for line in imports for name in ("pandas", "psds_eval", "sed_eval"))


def test_no_file_is_over_400_lines_and_no_architecture_over_300():
    for path in [*files(HARNESS), *files(BASELINES)]:
        limit = 300 if path.parent.name == "architectures" else 400
        assert len(path.read_text().splitlines()) <= limit, path
