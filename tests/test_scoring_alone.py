"""Scoring needs numpy and scipy: no extra of seldbench is imported by it, nor pandas for its
numbers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
EXTRAS = ("torch", "timm", "safetensors", "torchaudio", "sed_eval", "psds_eval")

# Runs the command line in a process where some packages cannot be imported, as if they were not
# installed, and says at the end which of them (and of a few others) were.
ALONE = """
import json, sys

BARRED = {barred!r}

class Bar:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BARRED:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Bar())
sys.argv = {argv!r}
from seldbench.__main__ import main
try:
    main()
finally:
    print("IMPORTED", json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def alone(*argv, barred=EXTRAS):
    """Exit code, output and imported packages of a command."""
    code = ALONE.format(barred=barred, argv=["seldbench", *map(str, argv)])
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    output, _, imported = found.stdout.partition("IMPORTED ")
    return found.returncode, output + found.stderr, json.loads(imported or "[]")


def sed(folder, predictions, *more):
    folder = GOLDEN / folder
    return (
        *("score", "sed", "--reference", folder / "ground_truth.tsv"),
        *("--durations", folder / "durations.tsv", "--predictions", folder / predictions, *more),
    )


COMMANDS = {
    "events": sed("desed_student", "predictions_0.5.tsv"),
    "frame scores": sed("frame_scores", "scores.npz"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_scoring_works_where_no_extra_is_installed_and_imports_no_torch(command):
    code, output, imported = alone(*command, "--json", "--bootstrap", "0", "--no-jackknife")
    assert code == 0, output
    assert json.loads(output)["scores"]["event_f1_macro"] is not None
    assert {"numpy", "scipy"} <= set(imported)
    assert not {*EXTRAS, "pandas", "matplotlib"} & set(imported)


def test_the_metrics_import_neither_torch_nor_pandas():
    code = (
        "import sys, pkgutil, importlib, seldbench.metrics as m\n"
        "for found in pkgutil.walk_packages(m.__path__, 'seldbench.metrics.'):\n"
        "    importlib.import_module(found.name)\n"
        "print({'torch', 'pandas', 'matplotlib', 'pydantic'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "set()", found.stderr


def test_official_scorers_that_are_not_installed_end_in_words():
    code, output, _ = alone(*sed("desed_student", "predictions_0.5.tsv", "--official"))
    assert code == 1
    assert "pip install 'seldbench[official]'" in output
    assert "Traceback" not in output
