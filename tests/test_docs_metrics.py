"""docs/metrics.md: its examples give what stands there, and its list of keys is complete."""

import doctest
import re
from pathlib import Path

import pytest

from seldbench.annotations import DIALECTS
from seldbench.evaluation.sed import scoring as sed
from seldbench.evaluation.seld import scoring as seld
from seldbench.evaluation.sources import scoring as sources
from seldbench.evaluation.tagging import scoring as tagging
from seldbench.metrics.seld import SCORERS

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
OPTIONS = doctest.ELLIPSIS | doctest.REPORT_NDIFF


def sections():
    """{heading: (first line, its text)}; what stands before the first heading is "Preface"."""
    found, lines = {"Preface": [1, []]}, PAGE.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if line.startswith("## "):
            found[line[3:].strip()] = [number, []]
        else:
            found[list(found)[-1]][1].append(line)
    return {heading: (number, "".join(text)) for heading, (number, text) in found.items()}


SECTIONS = sections()
EXAMPLES = {
    heading: "".join(block.group(1) for block in BLOCK.finditer(text))
    for heading, (_, text) in SECTIONS.items()
}
WITHOUT = {"Preface", "Keys of `--json`", "Official scorers beside ours", "Measured"}


@pytest.fixture(scope="module")
def outcomes():
    """{heading: what differed, in words}: the sections share their names, so all are run."""
    names = {}
    return {heading: outcome(heading, names) for heading in SECTIONS}


def outcome(heading, names):
    """Runs a section's examples in `names`."""
    source, said = EXAMPLES[heading], []
    line = SECTIONS[heading][0]
    test = doctest.DocTestParser().get_doctest(source, {}, heading, str(PAGE), line)
    test.globs = names
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=said.append, clear_globs=False)
    return "".join(said)


@pytest.mark.parametrize("heading", [h for h in SECTIONS if h not in WITHOUT])
def test_the_examples_give_what_stands_there(heading, outcomes):
    assert ">>> " in EXAMPLES[heading], "a section without an example"
    assert outcomes[heading] == ""


def test_the_preface_runs(outcomes):
    assert outcomes["Preface"] == ""


def test_every_key_stands_in_the_table_and_no_other():
    rows = re.findall(r"^\| ([a-z, ]+) \| `(\w+)` \|", SECTIONS["Keys of `--json`"][1], re.M)
    of_task = {task: set() for task in ("sed", "tagging", "sources", "seld")}
    for tasks, name in rows:
        for task in tasks.split(", "):
            of_task[task].add(name)
    assert of_task == {
        "sed": set(sed.NAMES),
        "tagging": set(tagging.NAMES),
        "sources": set(sources.NAMES),
        "seld": {
            *(name for scorer in SCORERS.values() for name in scorer.scores),
            *(name for of_oracle in seld.ORACLES.values() for name in of_oracle.values()),
        },
    }


def test_every_scorer_and_dialect_is_named():
    text = PAGE.read_text()
    named = [name for name in SCORERS if not name.endswith("_fixed")]
    assert [name for name in named if f"`{name}`" not in text] == []
    assert [name for name in DIALECTS if f"`{name}`" not in text] == []


def test_links_inside_the_page_lead_somewhere():
    text = PAGE.read_text()
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in SECTIONS}
    assert [link for link in re.findall(r"\]\(#([^)]+)\)", text) if link not in anchors] == []
