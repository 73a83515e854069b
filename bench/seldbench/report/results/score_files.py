"""Score files: a run's `scores.json` with a block `provenance` (command, key, recipe, limit), as a
run folder gives it and as `reports/scores/` holds it.
"""

import re
from pathlib import Path, PureWindowsPath
from typing import Any

from pydantic import ValidationError

from seldbench.errors import BadFile, BadRun
from seldbench.report.results.result import Result
from seldbench.runs import Run, open_run
from seldbench.storage import read_json

FORMAT = 1  # of a score file
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,199}")


def safe_id(name: str, path: Path) -> str:
    """A run's id or a data set's name, checked to be a plain file name.

    Raises:
        BadRun: it holds anything but letters, digits and . _ + @ -, or begins with a dot.
    """
    if not isinstance(name, str) or not _SAFE.fullmatch(name):
        raise BadRun(
            f"{path}: {name!r} is no safe file name (letters, digits and . _ + @ - only); a run's"
            " folder and files must be as `seldbench run` wrote them"
        )
    return name


def published(reports: Path) -> list[Result]:
    """The results of `reports/scores/`, by run id; empty where nothing is published.

    Raises:
        BadFile: a score file that breaks a rule.
    """
    found = []
    for path in sorted((reports / "scores").glob("*.json")):
        result = parse(read_json(path), path)
        if result.run != path.stem:
            raise BadFile(f"{path}: is of the run {result.run!r}; a score file is named by its run")
        found.append(result)
    return found


def parse(content: Any, path: Path) -> Result:
    """A score file's content, checked.

    Raises:
        BadFile: another format version, a missing key or a value of another kind.
        BadRun: an unsafe id.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        version = content.get("format") if isinstance(content, dict) else None
        raise BadFile(
            f"{path}: score file of format {version!r}, this seldbench reads {FORMAT};"
            " publish the run again"
        )
    try:
        result = Result.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadFile(f"{path}: {where}: {first['msg']}; publish the run again") from None
    for name in (result.run, result.dataset, *result.scorers):  # these become names of files
        safe_id(name, path)
    return result


def run_content(run: Run) -> dict[str, Any]:
    """What a finished run's score file holds: its scores.json with the block `provenance`.

    Raises:
        BadRun: an unsafe id, not finished, or scores of another run.
    """
    about = run.about
    safe_id(about.get("id", ""), run.path / "run.json")
    if about.get("state") != "finished":
        raise BadRun(
            f"{run.path}: the run is not finished (state {about.get('state')!r}); start its command"
            " again, it goes on where it stopped"
        )
    if run.scores.get("run") != about["id"]:
        raise BadRun(f"{run.path}/scores.json: is of the run {run.scores.get('run')!r}; run again")
    provenance = {key: about.get(key) for key in ("key", "created", "limit", "fold")}
    provenance["command"] = [_shareable(str(word)) for word in about.get("command", [])]
    provenance["recipe"] = _without_folders(read_json(run.path / "recipe.json"))
    scores = {key: value for key, value in run.scores.items() if key != "command"}
    for member in scores.get("members", []):
        member["command"] = [_shareable(str(word)) for word in member.get("command", [])]
    return {**scores, "provenance": provenance}


def of_run(path: Path) -> Result:
    """The result of a finished run folder.

    Raises:
        BadRun, BadFile: as `open_run`, `run_content` and `parse`.
    """
    run = open_run(path)
    return parse(run_content(run), run.path / "scores.json")


def _without_folders(value: Any) -> Any:
    """A recipe without the folders of the machine that it ran on: of an absolute path, such as that
    of first weights, the last two names stay."""
    if isinstance(value, dict):
        return {key: _without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folders(item) for item in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return "/".join(Path(value).parts[-2:])
    return value


def _shareable(word: str) -> str:
    """A word of a command without the folders of the machine that it ran on."""
    option, equals, value = word.partition("=") if "=" in word else ("", "", word)
    absolute = Path(value).is_absolute() or PureWindowsPath(value).is_absolute()
    return f"{option}{equals}{PureWindowsPath(value).name}" if absolute else word
