"""How long pages of 200 published runs take: all of them anew, and what is left when most stand.

    python tests/benchmarks/bench_report.py [--runs 200] [--of reports] [--keep FOLDER]

The runs are copies of published ones, with scores of their own, three seeds of each variant. Times
are seconds of the wall clock and of computing.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seldbench.report.pages.rendering import render

SEEDS = 3


def fake_runs(of: Path, out: Path, number: int, seed: int = 0) -> list[str]:
    """Published runs like those of the folder `of`, in `out`; their names.

    Names of systems hold what must be escaped.
    """
    draw, names = np.random.default_rng(seed), []
    originals = sorted((of / "scores").glob("*.json"))
    for i in range(number):
        system, of_system = divmod(i, SEEDS)
        original = originals[system % len(originals)]
        content = json.loads(original.read_text())
        name = f"fake-{i:04}-{content['arch']}-{content['dataset']}-s{of_system}"
        shutil.copytree(
            of / "runs" / original.stem,
            out / "runs" / name,
            ignore=shutil.ignore_patterns("*.html"),
        )
        write(out, name, content, {"variant": f"v{system} <b>", "seed": of_system}, draw)
        names.append(name)
    return names


def write(
    out: Path,
    name: str,
    content: dict[str, Any],
    changed: Mapping[str, Any],
    draw: np.random.Generator,
) -> None:
    """The score file of a run, with scores a little off those in `content`."""
    factor = float(draw.uniform(0.8, 1.1))
    scores = {n: None if v is None else v * factor for n, v in content["scores"].items()}
    cost = {"macs_per_second": float(10 ** draw.uniform(7, 10)), "device": "cpu", "batch": 1}
    cost["real_time_factor"] = cost["macs_per_second"] / 1e11
    content |= {"run": name, "scores": scores, "cost": cost, **changed}
    content["provenance"]["recipe"]["variant"] = changed.get("variant", content["variant"])
    path = out / "scores" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def timed(label: str, reports: Path) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    page = render(reports)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    size = page.stat().st_size / 1e6
    print(f"{label:<50} {spent[0]:7.1f} s wall {spent[1]:7.1f} s cpu   index {size:.2f} MB")


def another(reports: Path, names: list[str]) -> Callable[[], None]:
    """Publishes one run again with other scores."""

    def publish() -> None:
        path = reports / "scores" / f"{names[0]}.json"
        write(reports, names[0], json.loads(path.read_text()), {}, np.random.default_rng(1))

    return publish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--of", type=Path, default=Path("reports"))
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reports = given.keep or Path(folder) / "reports"
        names = fake_runs(given.of, reports, given.runs)
        timed(f"{given.runs} runs, all pages anew", reports)
        timed("nothing changed", reports)
        another(reports, names)()
        timed("one run published anew", reports)
        (reports / "index.html").unlink()
        timed("the index alone", reports)
        for part in ("datasets", "tables"):
            shutil.rmtree(reports / part)
        (reports / "index.html").unlink()
        timed("every page but those of runs, figures stand", reports)
        for part in ("datasets", "tables"):
            shutil.rmtree(reports / "figures" / part, ignore_errors=True)
        timed("every page but those of runs, and figures", reports)


if __name__ == "__main__":
    main()
