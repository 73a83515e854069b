"""Anybody's prediction files side by side, one task after the other."""

import pytest

from seldbench.errors import BadFile, MissingData, UnknownName
from seldbench.evaluation.comparison.files import (
    compare_files,
    sed_reader,
    seld_reader,
    source_reader,
    tagging_reader,
)
from seldbench.evaluation.names import lower_is_better
from seldbench.evaluation.sed import scoring as sed
from seldbench.evaluation.seld import scoring as seld
from seldbench.evaluation.sources import scoring as sources
from seldbench.evaluation.tagging import scoring as tagging
from seldbench.metrics.seld import SCORERS

CLIPS = tuple(f"{i:02}" for i in range(12))


@pytest.fixture
def table(tmp_path):
    """table(name, "a b", rows) -> a tab separated file with the columns a and b."""

    def write(name, columns, rows):
        path = tmp_path / name
        text = "\n".join("\t".join(line.split()) for line in [columns, *rows])
        path.write_text(text + "\n")
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """folder(name, {file: lines}) -> a folder of CSVs."""

    def write(name, files):
        for file, lines in files.items():
            path = tmp_path / name / f"{file}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines))
        return tmp_path / name

    return write


@pytest.fixture
def dogs(table):
    """A reader of a dog in each of 12 clips, and dogs(name, hits) -> a file that finds the first
    ones of them."""
    rows = [f"{clip} 1.0 2.0 dog" for clip in CLIPS]
    columns = "filename onset offset event_label"
    durations = table("durations", "filename duration", [f"{clip} 10.0" for clip in CLIPS])
    reader = sed_reader(table("reference", columns, rows), durations)
    return reader, lambda name, hits: [table(name, columns, rows[:hits])]


def by_score(found):
    return {pair.score: pair for pair in found.pairs}


def test_sound_events(dogs):
    """F1 of 12 hits is 1, of 3 hits 6 / 15."""
    reader, finding = dogs
    found = by_score(compare_files(reader, {"A": finding("a", 12), "B": finding("b", 3)}))
    assert found["event_f1_macro"].difference == pytest.approx(0.6)
    assert found["event_f1_macro"].verdict == "A better"


def test_several_files_of_a_system_are_its_seeds(dogs):
    reader, finding = dogs
    seeds = finding("a0", 12) + finding("a1", 3)
    found = compare_files(reader, {"A": seeds, "B": finding("b", 3)})
    assert found.seeds == {"A": 2, "B": 1}
    assert by_score(found)["event_f1_macro"].difference == pytest.approx((0 + 0.6) / 2)


def test_one_file_is_not_two_seeds(dogs):
    reader, finding = dogs
    with pytest.raises(MissingData, match=r"A: .*a is named twice"):
        compare_files(reader, {"A": finding("a", 12) * 2, "B": finding("b", 3)})


def test_a_broken_file_is_named_with_its_line(dogs, table):
    reader, finding = dogs
    broken = table("b", "filename onset offset event_label", ["00 one 2.0 dog"])
    with pytest.raises(BadFile, match="b:2"):
        compare_files(reader, {"A": finding("a", 3), "B": [broken]})


def test_directions(folder):
    """Of 12 files with a dog ahead, B hears the last 6 of them 90 degrees to the left."""
    files = {f"f{clip}": [f"{frame},0,0,0,0" for frame in range(10)] for clip in CLIPS}
    aside = {
        name: [row.replace("0,0,0,0", "0,0,90,0") if i > 5 else row for row in rows]
        for i, (name, rows) in enumerate(files.items())
    }
    reader = seld_reader(folder("reference", files), "dcase2022", classes=1)
    found = by_score(compare_files(reader, {"A": [folder("a", files)], "B": [folder("b", aside)]}))
    assert found["f20"].difference > 0
    assert found["er20"].difference < 0
    assert found["le_cd"].difference < 0
    assert {found[name].verdict for name in ("er20", "f20", "le_cd", "seld_score")} == {"A better"}
    assert found["lr_cd"].verdict == "not resolved"


def test_tags(table):
    """A has all 12 labels right, B 3."""
    labels = [f"{clip} {'dog' if int(clip) % 2 else 'cat'}" for clip in CLIPS]
    wrong = [f"{clip} {'cat' if int(clip) % 2 else 'dog'}" for clip in CLIPS[3:]]
    files = {
        "A": [table("a", "filename label", labels)],
        "B": [table("b", "filename label", labels[:3] + wrong)],
    }
    found = by_score(compare_files(tagging_reader(table("r", "filename label", labels)), files))
    assert found["accuracy"].difference == pytest.approx(9 / 12)
    assert found["accuracy"].verdict == "A better"


def test_sources(table):
    sources = [f"{clip} 0 dog" for clip in CLIPS]
    wrong = [f"{clip} 0 cat" for clip in CLIPS[3:]]
    files = {
        "A": [table("a", "filename source label", sources)],
        "B": [table("b", "filename source label", sources[:3] + wrong)],
    }
    reader = source_reader(table("r", "filename source label", sources))
    assert by_score(compare_files(reader, files))["accuracy"].difference == pytest.approx(9 / 12)


def test_an_unknown_scorer_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(UnknownName, match="dcase2022"):
        seld_reader(tmp_path, "dcase22")


def test_every_score_of_the_benchmark_has_a_direction():
    names = [*sed.NAMES, *tagging.NAMES, *sources.NAMES]
    names += [name for scorer in SCORERS.values() for name in scorer.scores]
    names += [name for renamed in seld.ORACLES.values() for name in renamed.values()]
    lower = {name for name in names if lower_is_better(name)}
    errors = {name for name in names if name.split("_")[0] in ("er", "er20", "le", "doae", "rde")}
    assert errors <= lower
    assert "seld_score" in lower
    assert not lower & {"psds1", "f20", "lr_cd", "accuracy", "map", "si_sdr", "event_f1_macro"}
