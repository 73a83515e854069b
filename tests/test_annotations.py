"""Files of events, labels, operating points and scores: read, written, and refused."""

import gzip

import numpy as np
import pytest

from seldbench import annotations as files
from seldbench.errors import BadFile
from seldbench.events import Event, EventList, EventTable, OperatingPoints, event_table
from seldbench.prediction import ClipScores, FrameScores

HEADER = "filename\tonset\toffset\tevent_label\n"


@pytest.fixture
def write(tmp_path):
    def text_file(content, name="table.tsv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return text_file


def rows(table):
    return list(zip(table.clip, table.onset, table.offset, table.label))


def frame_scores(clips=("a.wav", "b.wav"), sizes=(3, 2), hop=0.064, end=None):
    start = np.concatenate([[0], np.cumsum(sizes)])
    frame = np.concatenate([np.arange(n) for n in sizes])
    offset = (frame + 1) * hop
    for last, seconds in zip(start[1:] - 1, end or offset[start[1:] - 1]):
        offset[last] = seconds
    scores = np.random.default_rng(0).random((start[-1], 2), dtype=np.float32)
    return FrameScores(scores, start, frame * hop, offset, tuple(clips), ("dog", "cat"))


# Events, durations, labels


def test_events_keep_file_order_and_clips_without_events(write):
    path = write(HEADER + "b.wav\t0.5\t1\tdog\na.wav\t\t\t\nb.wav\t0.1\t0.2\tcat\n")
    table = files.read_events(path)
    assert rows(table) == [("b.wav", 0.5, 1.0, "dog"), ("b.wav", 0.1, 0.2, "cat")]
    assert table.clips == ("b.wav", "a.wav")


def test_columns_are_found_by_name_and_further_ones_are_not_read(write):
    path = write("event_label\tconfidence\toffset\tonset\tfilename\ndog\thigh\t2\t1\ta\n")
    assert rows(files.read_events(path)) == [("a", 1.0, 2.0, "dog")]


def test_decimals_are_parsed_correctly_rounded(write):
    times = ["0.1", "9.971", "8.699999999999999", "1e-3", "2.6750000000000003"]
    lines = "".join(f"a\t{t}\t10\tdog\n" for t in times)
    assert files.read_events(write(HEADER + lines)).onset.tolist() == [float(t) for t in times]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + "a\t1\t2\tdog\n",
        HEADER.replace("\n", "\r\n") + "a\t1\t2\tdog\r\n",
        HEADER + "\na\t1\t2\tdog\n\n",
        HEADER + "a\t1\t2\tdog",
        HEADER + "a\t1\t2\tdog\nb\n",  # trailing tabs stripped
        gzip.compress((HEADER + "a\t1\t2\tdog\n").encode(), mtime=0),
    ],
)
def test_marks_line_ends_blank_lines_and_compression_do_not_matter(write, content):
    assert rows(files.read_events(write(content))) == [("a", 1.0, 2.0, "dog")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        (
            "filename\tonset\tevent_label\na\t1\tdog\n",
            r"no column 'offset'.*filename, onset, event_",
        ),
        ("filename,onset,offset,event_label\na,1,2,dog\n", "no column"),
        (HEADER + "a\t1\tx\tdog\n", r":2: offset is 'x', not a finite number"),
        (HEADER + "b\t\t\t\na\t1_0\t20\tdog\n", r":3: onset is '1_0'"),
        (HEADER + "a\tnan\t2\tdog\n", r":2: onset is 'nan'"),
        (HEADER + "a\t1\tinf\tdog\n", r":2: offset is 'inf'"),
        (HEADER + "a\t-0.5\t2\tdog\n", r":2: onset -0\.5 is negative"),
        (HEADER + "a\t1\t2\tdog\n\na\t3\t2\tdog\n", r":4: offset 2\.0 lies before onset 3\.0"),
        (HEADER + "a\t1\t2\t\n", ":2: half an event"),
        (HEADER + "\t1\t2\tdog\n", ":2: filename is empty"),
        (HEADER + "a\t1\t2\tdog\textra\n", ":2: 5 cells under 4 columns"),
        ("filename\tonset\tonset\toffset\tevent_label\n", "'onset' stands there twice"),
        (b"\xff\xfe\x00\x01", "not a table of text"),
        (b"\x1f\x8bnonsense", "not a table of text"),
    ],
)
def test_a_table_that_breaks_a_rule_is_refused_with_its_line(write, content, message):
    with pytest.raises(BadFile, match=message):
        files.read_events(write(content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadFile, match="not found"):
        files.read_events(tmp_path / "absent.tsv")
    with pytest.raises(BadFile, match="a folder"):
        files.read_events(tmp_path)


def test_an_event_without_length_is_kept(write):
    assert len(files.read_events(write(HEADER + "a\t1\t1\tdog\n"))) == 1


def test_durations_are_above_zero_and_each_clip_once(write):
    head = "filename\tduration\n"
    assert files.read_durations(write(head + "a\t10\nb\t2.4\n")) == {"a": 10.0, "b": 2.4}
    for content, message in (
        ("a\t10\na\t10\n", r":3: 'a' stands in line 2 already"),
        ("a\t0\n", ":2: duration 0.0 is not above 0"),
        ("a\t\n", ":2: duration is ''"),
        ("", "without rows"),
    ):
        with pytest.raises(BadFile, match=message):
            files.read_durations(write(head + content))


def test_weak_labels_are_sets_and_may_be_empty(write):
    path = write("filename\tevent_labels\na\tdog,cat\nb\t\nc\tdog, dog\n")
    weak = files.read_weak(path)
    assert weak == {"a": {"dog", "cat"}, "b": frozenset(), "c": {"dog"}}
    for content, message in (("a\tdog,,cat\n", "empty label"), ("a\tdog\na\tcat\n", "already")):
        with pytest.raises(BadFile, match=message):
            files.read_weak(write("filename\tevent_labels\n" + content))


def test_unlabelled_clips_are_listed_once(write):
    assert files.read_unlabelled(write("filename\nb\na\n")) == ("b", "a")
    with pytest.raises(BadFile, match="already"):
        files.read_unlabelled(write("filename\na\na\n"))


def test_what_is_written_reads_back_the_same(tmp_path):
    table = event_table(
        {"silent": [], "a.wav": EventList([Event(0.1 + 0.2, 1 / 3, "dog"), Event(1, 2, "cat")])}
    )
    files.write_events(tmp_path / "events.tsv", table)
    again = files.read_events(tmp_path / "events.tsv")
    assert (rows(again), set(again.clips)) == (rows(table), set(table.clips))
    durations = {"a": 0.1 + 0.2, "b": 10.0}
    files.write_durations(tmp_path / "durations.tsv", durations)
    assert files.read_durations(tmp_path / "durations.tsv") == durations
    weak = {"a": frozenset({"dog", "cat"}), "b": frozenset()}
    files.write_weak(tmp_path / "weak.tsv", weak)
    assert files.read_weak(tmp_path / "weak.tsv") == weak
    files.write_unlabelled(tmp_path / "unlabelled.tsv", ["b", "a"])
    assert files.read_unlabelled(tmp_path / "unlabelled.tsv") == ("b", "a")


def test_a_name_that_the_format_cannot_hold_is_not_written(tmp_path):
    with pytest.raises(BadFile, match="tab or line break"):
        files.write_unlabelled(tmp_path / "list.tsv", ["a\tb"])
    assert not list(tmp_path.iterdir())


# Operating points

POINTS = "threshold\t" + HEADER


def test_operating_points_are_sorted_and_may_be_without_detections(write):
    path = write(POINTS + "0.9\ta\t\t\t\n0.5\ta\t1\t2\tdog\n0.1\ta\t1\t3\tdog\n0.5\tb\t0\t1\tcat\n")
    points = files.read_predictions(path)
    assert points.threshold.tolist() == [0.1, 0.5, 0.9]
    assert rows(points.at(1)) == [("a", 1.0, 2.0, "dog"), ("b", 0.0, 1.0, "cat")]
    assert len(points.at(2)) == 0


def test_a_folder_of_operating_points_is_as_one_table(write, tmp_path):
    write(POINTS + "0.1\ta\t1\t2\tdog\n0.5\ta\t1\t2\tdog\n", "points/low.tsv")
    write(gzip.compress((POINTS + "0.5\tb\t1\t2\tdog\n").encode()), "points/high.whatever")
    write("not a table", "points/.hidden")
    points = files.read_predictions(tmp_path / "points")
    assert points.threshold.tolist() == [0.1, 0.5]
    assert sorted(points.at(1).clip) == ["a", "b"]


def test_operating_points_read_back_as_written(tmp_path):
    table = event_table({"a": EventList([Event(0.1, 0.2, "dog"), Event(0, 0.7, "dog")])})
    points = OperatingPoints(np.array([0.1, 0.3, 0.5]), np.array([2, 0]), table)
    for name in ("points.tsv", "points.tsv.gz"):
        files.write_operating_points(tmp_path / name, points)
        again = files.read_operating_points(tmp_path / name)
        assert again.threshold.tolist() == [0.1, 0.3, 0.5]
        assert [rows(again.at(i)) for i in range(3)] == [rows(points.at(i)) for i in range(3)]


def test_a_threshold_that_is_no_number_is_refused(write):
    with pytest.raises(BadFile, match=":2: threshold is ''"):
        files.read_predictions(write(POINTS + "\ta\t1\t2\tdog\n"))


# Frame and clip scores


def arrays(**changes):
    scores = frame_scores()
    content = {
        "scores": scores.scores,
        "start": scores.start,
        "clips": np.array(scores.clips),
        "classes": np.array(scores.classes),
        "fps": np.array(15.625),
    }
    content.update(changes)
    return {name: value for name, value in content.items() if value is not None}


def test_frames_lie_on_the_grid_of_fps_and_the_last_is_cut_at_the_clips_end(tmp_path):
    np.savez(tmp_path / "scores.npz", **arrays(end=np.array([0.15, 9.0])))
    frames = files.read_predictions(tmp_path / "scores.npz")
    assert isinstance(frames, FrameScores)
    assert frames.onset.tolist() == [0.0, 0.064, 0.128, 0.0, 0.064]
    assert frames.offset.tolist() == [0.064, 0.128, 0.15, 0.064, 0.128]


@pytest.mark.parametrize("end", [None, (0.15, 0.1)])
def test_frame_scores_read_back_as_written(tmp_path, end):
    frames = frame_scores(end=end)
    files.write_frame_scores(tmp_path / "scores.npz", frames)
    files.write_score_tables(tmp_path / "tables", frames)
    for again in (
        files.read_frame_scores(tmp_path / "scores.npz"),
        files.read_predictions(tmp_path / "tables"),
    ):
        assert (again.clips, again.classes) == (frames.clips, frames.classes)
        for name in ("scores", "start"):
            assert np.array_equal(getattr(again, name), getattr(frames, name))
        for name in ("onset", "offset"):
            assert getattr(again, name) == pytest.approx(getattr(frames, name), abs=1e-9)


def test_frames_off_a_grid_are_not_written_as_an_archive(tmp_path):
    frames = frame_scores()
    frames.onset[1] += 0.01
    with pytest.raises(BadFile, match="not on a grid"):
        files.write_frame_scores(tmp_path / "scores.npz", frames)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fps": None}, r"no array fps; there are scores, start, clips, classes"),
        ({"fps": np.array(0.0)}, "fps is 0.0"),
        ({"fps": np.array([25.0, 25.0])}, "expected one number"),
        ({"start": np.array([0, 3, 4])}, "start must rise from 0 to 5 in 3 steps"),
        ({"start": np.array([0.0, 3.0, 5.0])}, "start must rise"),
        ({"start": np.array([0, 5, 3])}, "start must rise"),
        ({"clips": np.array(["a", "a"])}, "'a' stands twice in clips"),
        ({"classes": np.array(["dog", "dog"])}, "'dog' stands twice in classes"),
        ({"classes": np.array(["dog"])}, r"scores are float32 \(5, 2\); expected \(frames, 1\)"),
        ({"clips": np.array([1, 2])}, "clips must be a row of texts"),
        ({"end": np.array([0.1, 0.1])}, r"last frame of a\.wav starts at 0\.128 s"),
        ({"end": np.array([1.0])}, "end must be 2 finite numbers"),
        ({"clips": np.array(["a", "b"], dtype=object)}, "not a readable .npz of plain arrays"),
    ],
)
def test_an_archive_that_breaks_a_rule_is_refused(tmp_path, changes, message):
    np.savez(tmp_path / "scores.npz", **arrays(**changes))
    with pytest.raises(BadFile, match=message):
        files.read_predictions(tmp_path / "scores.npz")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused_with_clip_class_and_frame(tmp_path, value):
    scores = frame_scores().scores.copy()
    scores[4, 1] = value
    np.savez(tmp_path / "scores.npz", **arrays(scores=scores))
    with pytest.raises(BadFile, match=r"class cat in frame 1 of b\.wav is"):
        files.read_predictions(tmp_path / "scores.npz")


def test_a_damaged_archive_is_refused(tmp_path):
    files.write_frame_scores(tmp_path / "scores.npz", frame_scores())
    whole = (tmp_path / "scores.npz").read_bytes()
    (tmp_path / "scores.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="not a readable"):
        files.read_predictions(tmp_path / "scores.npz")


def test_a_table_of_scores_is_named_after_its_clip_dots_and_all(write, tmp_path):
    for clip in ("Yx_350.000_360.000", "0.wav"):
        write("onset\toffset\tdog\n0\t0.5\t0.25\n0.5\t1\t0.75\n", f"scores/{clip}.tsv")
    frames = files.read_predictions(tmp_path / "scores")
    assert frames.clips == ("0.wav", "Yx_350.000_360.000")
    assert frames.scores[frames.rows("0.wav")].tolist() == [[0.25], [0.75]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("onset\toffset\tdog\n0\t0.5\tnan\n", r"b\.tsv:2: dog is 'nan'"),
        ("onset\toffset\tdog\n0\t0.5\t0.1\n0.6\t1\t0.1\n", ":2: the next frame does not start"),
        ("onset\toffset\tdog\n0\t0\t0.1\n", "is not after its onset"),
        ("onset\toffset\tcat\n0\t1\t0.1\n", r"classes \['cat'\] differ"),
        ("onset\toffset\tdog\n", "without frames"),
        (HEADER + "a\t1\t2\tdog\n", "mixes"),
        ("hello\tworld\n", "unknown layout, columns hello, world"),
    ],
)
def test_a_folder_of_scores_with_a_bad_table_is_refused(write, tmp_path, content, message):
    write("onset\toffset\tdog\n0\t0.5\t0.1\n", "scores/a.tsv")
    write(content, "scores/b.tsv")
    with pytest.raises(BadFile, match=message):
        files.read_predictions(tmp_path / "scores")


def test_two_tables_of_one_clip_are_refused(write, tmp_path):
    for name in ("a.tsv", "a.tsv.gz"):
        write("onset\toffset\tdog\n0\t0.5\t0.1\n", f"scores/{name}")
    with pytest.raises(BadFile, match="two tables for the clip 'a'"):
        files.read_predictions(tmp_path / "scores")


def test_clip_scores_read_back_as_written(tmp_path):
    scores = ClipScores(np.array([[0.1, 0.7], [1 / 3, 0.0]]), ("b", "a"), ("dog", "cat"))
    files.write_clip_scores(tmp_path / "clips.tsv", scores)
    again = files.read_clip_scores(tmp_path / "clips.tsv")
    assert (again.clips, again.classes) == (scores.clips, scores.classes)
    assert np.array_equal(again.scores, scores.scores)


# Which is which


def test_kinds_are_told_apart_by_content_and_not_by_name(write, tmp_path):
    events = write(HEADER + "a\t1\t2\tdog\n", "scores.npz")
    points = write(POINTS + "0.5\ta\t1\t2\tdog\n", "events.tsv")
    files.write_frame_scores(tmp_path / "threshold.tsv", frame_scores())
    assert isinstance(files.read_predictions(events), EventTable)
    assert isinstance(files.read_predictions(points), OperatingPoints)
    assert isinstance(files.read_predictions(tmp_path / "threshold.tsv"), FrameScores)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("onset\toffset\tdog\n0\t0.5\t0.1\n", "of one clip; give the folder"),
        ("filename\tdog\na\t0.1\n", "unknown layout"),
        ("filename\tduration\na\t10\n", "unknown layout"),
        ("filename\tonset\tevent_label\na\t1\tdog\n", "no column 'offset'"),
    ],
)
def test_a_table_that_is_no_prediction_of_events_is_refused(write, content, message):
    with pytest.raises(BadFile, match=message):
        files.read_predictions(write(content))


def test_an_empty_folder_and_one_of_plain_events_are_refused(write, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match="empty folder"):
        files.read_predictions(tmp_path / "empty")
    write(HEADER + "a\t1\t2\tdog\n", "plain/a.tsv")
    with pytest.raises(BadFile, match="without a column 'threshold'"):
        files.read_predictions(tmp_path / "plain")
    (tmp_path / "nested" / "inner").mkdir(parents=True)
    with pytest.raises(BadFile, match="not a file"):
        files.read_predictions(tmp_path / "nested")
    with pytest.raises(BadFile, match="not found"):
        files.read_predictions(tmp_path / "absent")
