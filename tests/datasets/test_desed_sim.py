"""A simulated set: told apart from DESED, with the classes that it says it has, and unchanged."""

import json
from pathlib import Path

import pytest

from seldbench.datasets.desed_sim import DATASET
from seldbench.errors import BadFile, MissingData
from seldbench.simulation.desed import fingerprint

EVENT = ("filename", "onset", "offset", "event_label")
COUNTS = {
    "train/weak": 20,
    "train/unlabelled": 2,
    "train/synthetic": 2,
    "valid/synthetic": 2,
    "test": 3,
}


@pytest.fixture
def simulated(make_tree, tmp_path):
    """A small tree with a manifest; given facts replace the manifest's own."""

    def make(**facts):
        tree = make_tree("desed-sim/dataset").all()
        manifest = {
            "format": 1,
            "dataset": "desed-sim",
            "scale": "tiny",
            "seed": 3,
            "sounds": "builtin",
            "sounds_folder": None,
            "fill_missing": None,
            "generator": 1,
            "classes": ["Speech", "Dog", "Dishes", "Blender", "Cat", "Alarm_bell_ringing"],
            "test_classes": ["Frying", "Dog", "Cat"],
            "counts": COUNTS,
            "fingerprint": fingerprint(tree.folder),
        }
        (tmp_path / "desed-sim/manifest.json").write_text(json.dumps(manifest | facts))
        return tree

    return make


def test_the_set_names_its_splits_classes_and_sounds(simulated, tmp_path):
    simulated()
    data = DATASET(tmp_path)
    assert data.splits == ("train/weak", "valid/weak", *list(COUNTS)[1:])
    assert data.classes == tuple(sorted({*data.classes}))
    assert set(data.classes) >= {"Speech", "Frying"}
    assert data.test_classes == ("Cat", "Dog", "Frying")
    assert data.sounds == data.provenance()["sounds"] == "builtin"
    assert data.simulated == (
        "simulated scenes (built-in procedural sources; scale tiny, seed 3, generator 1)"
    )
    assert [clip.id for clip in data.clips("test")][1] == "YnothingHere_0.000_10.000.wav"


def test_a_set_made_of_recordings_says_so(simulated, tmp_path):
    simulated(sounds="0123456789abcdef", sounds_folder="kitchen", fill_missing="procedural")
    data = DATASET(tmp_path)
    assert data.sounds == "0123456789abcdef"
    assert "recordings of 'kitchen', digest 0123456789ab" in data.simulated


def test_without_a_set_the_error_names_the_folder_and_the_command(tmp_path):
    with pytest.raises(MissingData) as error:
        DATASET(tmp_path)
    message = str(error.value)
    assert str(tmp_path / "desed-sim/manifest.json") in message
    assert f"seldbench data simulate desed-sim --scale small --data-root {tmp_path}" in message


def test_the_set_itself_given_as_data_root_is_told(simulated, tmp_path):
    simulated()
    with pytest.raises(MissingData, match="is the set itself") as error:
        DATASET(tmp_path / "desed-sim")
    assert str(error.value).endswith(str(tmp_path))


def test_an_unfinished_set_is_told(tmp_path):
    (tmp_path / ".desed-sim.part").mkdir()
    with pytest.raises(MissingData, match="begun and not finished"):
        DATASET(tmp_path)


@pytest.mark.parametrize("facts", [{"format": 2}, {"counts": None}, {"seed": "x"}])
def test_a_manifest_of_another_version_or_garbled_is_refused(simulated, tmp_path, facts):
    simulated(**facts)
    with pytest.raises(BadFile, match=r"manifest\.json: "):
        DATASET(tmp_path)


def test_coverage_is_counted_against_the_manifest(simulated, tmp_path):
    simulated()
    data = DATASET(tmp_path)
    assert {split: data.coverage(split) for split in data.splits} == {
        "train/weak": (18, 18),
        "valid/weak": (2, 2),
        "train/unlabelled": (2, 2),
        "train/synthetic": (2, 2),
        "valid/synthetic": (2, 2),
        "test": (3, 3),
    }


def test_an_unchanged_set_has_the_fingerprint_of_its_manifest(simulated, tmp_path):
    simulated()
    data = DATASET(tmp_path)
    assert data.fingerprint() == data.manifest.fingerprint
    assert data.faults() == []


def test_a_changed_sound_is_refused_with_the_command_that_makes_the_set_again(simulated, tmp_path):
    tree = simulated()
    tree.wav("train/weak", "Yab-00_xyz-_0.000_10.000.wav", seconds=0.2)
    with pytest.raises(BadFile, match="changed or added") as error:
        DATASET(tmp_path).clips("test")
    assert f"desed-sim --scale tiny --seed 3 --data-root {tmp_path}" in str(error.value)


def test_a_changed_label_is_refused(simulated, tmp_path):
    tree = simulated()
    table = tree.folder / "metadata/validation/validation.tsv"
    table.write_text(table.read_text().replace("Dog", "Cat"))
    with pytest.raises(BadFile, match="changed or added"):
        DATASET(tmp_path).clips("train/weak")


def test_a_removed_test_clip_makes_the_split_partial(simulated, tmp_path):
    tree = simulated()
    (tree.folder / "audio/validation/validation_16k/Yshort_6789_-_20.000_24.000.wav").unlink()
    data = DATASET(tmp_path)
    assert data.coverage("test") == (2, 3)
    assert sum(clip.duration for clip in data.clips("test")) == 20.0
    assert data.fingerprint() != data.manifest.fingerprint


def test_a_split_that_was_removed_is_told_with_the_command(simulated, tmp_path):
    tree = simulated()
    (tree.folder / "metadata/train/weak.tsv").unlink()
    data = DATASET(tmp_path)
    assert data.coverage("train/weak") == (0, 18)
    with pytest.raises(MissingData, match="seldbench data simulate desed-sim --scale tiny"):
        data.clips("train/weak")


def test_the_hooks_stay_clear_of_the_real_set(simulated, tmp_path):
    """`desed` does not find the set from the same root, and refuses it from its own folder."""
    from seldbench.datasets.desed import DATASET as REAL

    simulated()
    with pytest.raises(MissingData):
        REAL(tmp_path)
    with pytest.raises(BadFile, match="--dataset desed-sim"):
        REAL(Path(tmp_path / "desed-sim"))
