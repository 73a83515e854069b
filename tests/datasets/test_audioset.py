"""AudioSet on disk: index files, display names, audio that vanished."""

import json

import numpy as np
import pytest
import soundfile

from seldbench.datacheck import check
from seldbench.errors import BadFile, MissingData

LABELS = [("/m/09x0r", "Speech"), ("/m/05zppz", "Male speech, man speaking"), ("/m/0bt9lr", "Dog")]


def wav(path, seconds=0.1, rate=16000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.full((round(seconds * rate), channels), 0.1)
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


class Tube:
    """A small AudioSet folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        rows = [f'{k},{mid},"{name}"' for k, (mid, name) in enumerate(LABELS)]
        text = "\n".join(["index,mid,display_name", *rows]) + "\n"
        (folder / "class_labels_indices.csv").write_text(text)

    def index(self, name, entries):
        data = [{"wav": str(path), "labels": labels} for path, labels in entries]
        (self.folder / name).write_text(json.dumps({"data": data}))


@pytest.fixture
def tube(tmp_path):
    made = Tube(tmp_path / "audioset")
    wav(made.folder / "audio/a.wav", 10.0)
    away = wav(tmp_path / "elsewhere/b.wav", 10.02, 32000, 2)
    made.index(
        "balanced_train_data.json",
        [
            ("audio/a.wav", "/m/05zppz,/m/09x0r"),
            (away, "/m/0bt9lr"),
            ("audio/gone.wav", "/m/0bt9lr"),
        ],
    )
    wav(made.folder / "audio/t.wav", 10.0)
    made.index("eval_data.json", [("audio/t.wav", "/m/09x0r")])
    return made


def test_audioset_has_display_names_several_labels_and_paths_of_both_kinds(tube, open_set):
    data = open_set("audioset")
    assert data.classes == ("Speech", "Male speech, man speaking", "Dog") and not data.single
    first, second = data.clips("train/balanced")
    assert first.labels == {"Speech", "Male speech, man speaking"} and first.id == "a.wav"
    assert second.id == "b.wav" and second.duration == 10.0
    assert second.recordings["mono"].read().shape == (1, 320_000)


def test_audio_that_vanished_is_counted(tube, open_set):
    data = open_set("audioset")
    assert data.coverage("train/balanced") == (2, 22160)
    assert check(data).splits[0].missing == ["gone.wav"]


def test_an_index_that_is_absent_is_told_with_what_it_looks_like(tube, open_set):
    data = open_set("audioset")
    assert data.coverage("train/unbalanced") == (0, 2041789)
    with pytest.raises(MissingData, match=r"unbalanced_train_data\.json") as error:
        data.clips("train/unbalanced")
    assert '{"data": [{"wav"' in str(error.value)


@pytest.mark.parametrize(
    ("entries", "words_"),
    [
        ([("audio/t.wav", "/m/nothing")], "/m/nothing is no mid"),
        ([("audio/t.wav", "")], "expected"),
        ([("audio/t.wav", "/m/09x0r"), ("other/t.wav", "/m/09x0r")], "t.wav twice"),
    ],
)
def test_an_entry_that_breaks_a_rule_is_told(tube, open_set, entries, words_):
    tube.index("eval_data.json", entries)
    with pytest.raises(BadFile, match=rf"eval_data\.json, entry \d: .*{words_}"):
        open_set("audioset").clips("test")


@pytest.mark.parametrize("text", ["[]", "{", '{"data": 3}'])
def test_an_index_of_another_form_is_told(tube, open_set, text):
    (tube.folder / "eval_data.json").write_text(text)
    with pytest.raises(BadFile, match=r"eval_data\.json: "):
        open_set("audioset").clips("test")


def test_a_display_name_of_two_classes_is_refused(tube, open_set):
    table = tube.folder / "class_labels_indices.csv"
    table.write_text(table.read_text().replace('"Dog"', '"Speech"'))
    with pytest.raises(BadFile, match="display_name Speech occurs twice"):
        _ = open_set("audioset").classes


def test_data_check_tells_test_clips_in_training(tube, open_set):
    tube.index("eval_data.json", [("audio/a.wav", "/m/09x0r")])
    test = check(open_set("audioset")).splits[2]
    assert test.problems == ["1 clips of test are in train/balanced, too: a.wav"]
