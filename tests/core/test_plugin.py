"""Somebody else's package adds an architecture, a recipe and a table; ours is not touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "example_plugin"


@pytest.fixture(scope="module")
def seldbench(tmp_path_factory):
    """The command line in a process where the example is installed."""
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([*install, str(EXAMPLE)], check=True)

    def call(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(target)}
        command = [sys.executable, "-m", "seldbench", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return call


@pytest.mark.parametrize(
    "kind, line",
    [
        ("architectures", "two_layers"),
        ("recipes", "two_layers/desed  (small, wide)"),
        ("tables", "example/1  Two layers on DESED"),
    ],
)
def test_what_a_plug_in_adds_is_listed(seldbench, kind, line):
    done = seldbench("list", kind)
    assert line in done.stdout.splitlines(), done.stderr


def test_its_recipe_reaches_the_data_like_ours(seldbench, tmp_path):
    done = seldbench(
        "run", "--arch", "two_layers", "--dataset", "desed-sim", "--data-root", str(tmp_path)
    )
    assert done.returncode == 1
    assert str(tmp_path / "desed-sim") in done.stderr
    assert "seldbench data simulate desed-sim" in done.stderr


def test_its_table_is_compared_like_ours(seldbench, tmp_path):
    done = seldbench("compare", "--table", "example/1", "--markdown")
    assert "Two layers" in done.stdout, done.stderr
    assert "not built" in done.stdout
