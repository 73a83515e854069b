"""Frame scores in a folder with a file a class."""

import numpy as np
import pytest

from seldbench.annotations import read_frame_scores, read_predictions, write_class_scores
from seldbench.annotations.class_scores import class_file
from seldbench.errors import BadFile
from seldbench.prediction import Columns, FrameScores

LABELS = ("dog", "Male speech, man speaking", "a/b.c%d")


@pytest.fixture
def frames():
    sizes = np.array([3, 0, 2])
    start = np.concatenate([[0], np.cumsum(sizes)])
    frame = np.concatenate([np.arange(n) for n in sizes])
    offset = (frame + 1) / 25
    offset[4] = 0.07
    scores = np.random.default_rng(0).random((5, 3), dtype=np.float32)
    return FrameScores(scores, start, frame / 25, offset, ("a.wav", "b.wav", "c.wav"), LABELS)


@pytest.fixture
def folder(tmp_path, frames):
    write_class_scores(tmp_path / "scores", frames)
    return tmp_path / "scores"


def test_a_folder_holds_what_was_written_and_is_told_by_its_index(folder, frames):
    for read in (read_frame_scores, read_predictions):
        again = read(folder)
        assert isinstance(again.scores, Columns)
        assert again.scores.dtype == np.float32
        assert np.array_equal(again.scores[:], frames.scores)
        assert (again.clips, again.classes) == (frames.clips, frames.classes)
        for name in ("start", "onset", "offset"):
            assert getattr(again, name) == pytest.approx(getattr(frames, name))


def test_a_class_of_any_name_has_a_file_inside_the_folder(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["Male speech, man speaking.npy", "a%2Fb%2Ec%25d.npy", "dog.npy", "index.npz"]


def test_a_class_is_read_when_it_is_asked_for_and_no_other(folder, frames):
    read = read_frame_scores(folder)
    class_file(folder, "dog").unlink()
    assert np.array_equal(read.column(1), frames.scores[:, 1])
    with pytest.raises(BadFile, match=r"dog\.npy: not found"):
        read.column(0)


def test_clips_can_be_taken_without_reading(folder, frames):
    some = read_frame_scores(folder).of_clips({"c.wav", "b.wav"})
    assert isinstance(some.scores, Columns)
    assert some.start.tolist() == [0, 0, 2]
    assert np.array_equal(some.column(2), frames.scores[3:, 2])
    assert np.array_equal(some.scores[some.rows("c.wav")], frames.scores[3:])
    assert np.array_equal(some.of_clips({"b.wav"}).column(2), [])


def test_a_score_that_is_not_finite_is_named_by_file_clip_and_frame(folder, frames):
    values = frames.scores[:, 0].copy()
    values[4] = np.nan
    np.save(class_file(folder, "dog"), values)
    with pytest.raises(BadFile, match=r"dog\.npy: .*class dog in frame 1 of c\.wav is nan"):
        read_frame_scores(folder).column(0)


@pytest.mark.parametrize(
    "values",
    [np.zeros(4), np.zeros((5, 1)), np.array(["0"] * 5), np.zeros(5, dtype=complex)],
    ids=["short", "table", "texts", "complex"],
)
def test_a_file_that_is_not_a_row_of_numbers_is_refused(folder, values):
    np.save(class_file(folder, "dog"), values)
    with pytest.raises(BadFile, match=r"dog\.npy: scores are .*expected \(5,\)"):
        read_frame_scores(folder)


def test_a_class_without_file_a_file_without_class_and_pickles_are_refused(folder):
    np.save(class_file(folder, "dog"), np.array([{}] * 5, dtype=object), allow_pickle=True)
    with pytest.raises(BadFile, match=r"dog\.npy: not a readable"):
        read_frame_scores(folder)
    class_file(folder, "dog").rename(folder / "hen.npy")
    with pytest.raises(BadFile, match=r"hen\.npy: of no class"):
        read_frame_scores(folder)
    (folder / "hen.npy").unlink()
    with pytest.raises(BadFile, match=r"dog\.npy: not found"):
        read_frame_scores(folder)


def test_a_faulty_index_is_refused(folder):
    with np.load(folder / "index.npz") as index:
        arrays = dict(index)
    np.savez(folder / "index.npz", **{**arrays, "start": np.array([0, 4, 3, 5])})
    with pytest.raises(BadFile, match=r"index\.npz: start must rise from 0 to the number"):
        read_frame_scores(folder)


def test_a_folder_that_holds_scores_is_not_written_to(folder, frames):
    with pytest.raises(BadFile, match="holds scores already"):
        write_class_scores(folder, frames)


def test_frames_off_the_grid_and_scores_that_are_not_finite_are_not_written(tmp_path, frames):
    late = FrameScores(
        frames.scores, frames.start, frames.onset + 1, frames.offset + 1, frames.clips, LABELS
    )
    with pytest.raises(BadFile, match="not on a grid"):
        write_class_scores(tmp_path / "late", late)
    frames.scores[2, 1] = np.inf
    with pytest.raises(BadFile, match=r"man speaking in frame 2 of a\.wav is inf"):
        write_class_scores(tmp_path / "infinite", frames)
    assert not (tmp_path / "infinite" / "index.npz").exists()
