"""The commands of the pages in docs/ work, in their order, as a person types them in a new folder.

Blocks marked `sh` are run, with shorter trainings; others (installing, one's own paths) are not.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seldbench.contracts import Quiet
from seldbench.datasets import simulate

ROOT = Path(__file__).parents[1]
PAGES = ("first_run", "your_data", "architecture", "recipes", "reports", "compare")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# `seldbench` as installed, but that a training takes one epoch of two steps.
SHIM = """#!/bin/sh
if [ "$1" = run ]; then
    set -- "$@" --set training.epochs=1 --set training.steps=2
fi
exec {python} -m seldbench "$@"
"""
PYTHON = """#!/bin/sh
exec {python} "$@"
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """A folder in which the example plug-in is installed."""
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([*install, str(ROOT / "tests" / "example_plugin")], check=True)
    return target


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """The set that most pages begin with: what is there is not made again."""
    root = tmp_path_factory.mktemp("scenes")
    simulate("desed-sim", root, scale="tiny", progress=Quiet())
    return root


@pytest.fixture
def shell(plugin, scenes, tmp_path):
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in {"seldbench": SHIM, "python": PYTHON}.items():
        (commands / name).write_text(text.format(python=sys.executable))
        (commands / name).chmod(0o755)
    folder = tmp_path / "work"
    shutil.copytree(scenes, folder / "data")

    def call(text):
        path = (
            f"{commands}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
        search = os.pathsep.join([str(plugin), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PATH": path, "PYTHONPATH": search}
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", text],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    return call


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_work_in_their_order(page, shell):
    blocks = BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text())
    assert blocks
    for block in blocks:
        shell(block)


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
