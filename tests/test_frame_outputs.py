"""Saved outputs of SELD systems, frame by frame."""

from pathlib import Path

import numpy as np
import pytest

from seldbench.annotations import FrameOutputs, read_frame_outputs, write_frame_outputs
from seldbench.annotations.outputs import is_frame_outputs
from seldbench.errors import BadFile

SCORES = np.arange(12.0).reshape(6, 2) / 10
DOA = np.arange(36.0).reshape(6, 2, 3)


def archive(folder: Path, **arrays) -> Path:
    """Six frames of two clips (two and four) and two classes, with some arrays changed."""
    given = {"scores": SCORES, "start": [0, 2, 6], "clips": ["a", "b"], **arrays}
    path = folder / "outputs.npz"
    np.savez(path, **{name: np.array(a) for name, a in given.items() if a is not None})
    return path


def refusal(path: Path) -> str:
    with pytest.raises(BadFile) as error:
        read_frame_outputs(path)
    return str(error.value)


@pytest.mark.parametrize("scores", [SCORES, None])
@pytest.mark.parametrize("doa", [DOA, None])
def test_what_was_written_reads_back_the_same(tmp_path, scores, doa):
    if scores is None and doa is None:
        return
    written = FrameOutputs(("a", "b"), np.array([0, 2, 6]), scores, doa)
    write_frame_outputs(tmp_path / "o.npz", written)
    back = read_frame_outputs(tmp_path / "o.npz")
    assert (back.clips, back.start.tolist(), back.classes) == (("a", "b"), [0, 2, 6], 2)
    for mine, theirs in ((back.scores, scores), (back.doa, doa)):
        assert (mine is None) == (theirs is None)
        if theirs is not None:
            np.testing.assert_array_equal(mine, theirs)


def test_a_folder_holds_a_file_a_clip(tmp_path):
    # given scores in one file, by two axes, and in another by name
    np.save(tmp_path / "b.npy", SCORES[2:])
    np.savez(tmp_path / "a.npz", scores=SCORES[:2])
    (tmp_path / ".hidden").touch()
    outputs = read_frame_outputs(tmp_path)
    assert (outputs.clips, outputs.start.tolist(), outputs.doa) == (("a", "b"), [0, 2, 6], None)
    np.testing.assert_array_equal(outputs.scores, SCORES)


def test_three_axes_are_directions(tmp_path):
    np.save(tmp_path / "a.npy", DOA)
    outputs = read_frame_outputs(tmp_path / "a.npy")
    assert (outputs.clips, outputs.scores) == (("a",), None)
    np.testing.assert_array_equal(outputs.doa, DOA)


def test_clips_may_be_named_like_the_reference_files(tmp_path):
    assert read_frame_outputs(archive(tmp_path, clips=["a.csv", "b.csv"])).clips == ("a", "b")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"scores": None}, "no array scores or doa; there are start, clips"),
        ({"scores": DOA}, "scores is float64 (6, 2, 3); expected (frames, classes)"),
        ({"doa": SCORES}, "doa is float64 (6, 2); expected (frames, classes, 3)"),
        ({"doa": DOA[:5]}, "scores are of (6, 2) frames and classes, doa of (5, 2)"),
        ({"scores": SCORES * [[1, np.nan]]}, "scores of class 1 in row 0 is not finite"),
        ({"start": [0, 2, 5]}, "start must rise from 0 to 6 in 3 steps"),
        ({"start": [0, 7, 6]}, "start must rise"),
        ({"start": [0, 6]}, "start must rise"),
        ({"start": None}, "start must rise"),
        ({"start": [0.0, 2.0, 6.0]}, "start must rise"),
        ({"clips": ["a", "a"]}, "'a' stands twice in clips"),
        ({"clips": [1, 2]}, "clips must be a row of texts"),
        ({"classes": ["x"]}, "1 classes named for 2 columns"),
        ({"fps": 25}, "25 frames per second, but labels have 10"),
    ],
)
def test_a_faulty_archive_is_refused_with_the_rule(tmp_path, arrays, words):
    path = archive(tmp_path, **arrays)
    message = refusal(path)
    assert message.startswith(str(path))
    assert words in message


def test_a_faulty_folder_is_refused_with_the_rule(tmp_path):
    assert "an empty folder" in refusal(tmp_path)
    np.save(tmp_path / "a.npy", SCORES)
    np.save(tmp_path / "b.npy", SCORES[:, :1])
    assert "b.npy: 1 classes, but a.npy has 2" in refusal(tmp_path)
    np.save(tmp_path / "b.npy", DOA)
    assert "b.npy: holds doa, but a.npy scores" in refusal(tmp_path)
    np.savez(tmp_path / "a.npz", scores=SCORES)
    assert "a.npz: a.npy has that name already" in refusal(tmp_path)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "a.npz").unlink()
    assert "notes.txt: not a .npy or .npz" in refusal(tmp_path)


def test_nothing_pickled_is_read(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    assert "not a .npy or .npz of plain arrays" in refusal(tmp_path / "a.npy")
    (tmp_path / "b.npz").write_bytes(b"PK\x03\x04 not an archive")
    assert "not a .npy or .npz of plain arrays" in refusal(tmp_path / "b.npz")
    assert "not found" in refusal(tmp_path / "c.npz")


def test_frame_outputs_are_told_from_tables_by_their_ending(tmp_path):
    np.save(tmp_path / "a.npy", SCORES)
    assert is_frame_outputs(tmp_path) and is_frame_outputs(tmp_path / "a.npy")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").touch()
    assert not is_frame_outputs(tmp_path / "tables")
