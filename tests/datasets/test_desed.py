"""The real DESED tree: where it may lie, what a split holds, and what is wrong with half a tree."""

import numpy as np
import pytest

from seldbench.datasets._held_out import held_out
from seldbench.datasets.desed import DATASET
from seldbench.errors import BadFile, MissingData, UnknownName

SYNTHETIC_TRAIN = "train/synthetic21_train/soundscapes"
EVENT = ("filename", "onset", "offset", "event_label")


def ids(clips):
    return [clip.id for clip in clips]


def audio_level(clip):
    """The value of the clip's constant test signal."""
    return float(clip.recordings["mono"].read()[0, 800])


@pytest.mark.parametrize("place", ["desed/dataset", "desed", "dcase/dataset", "dataset", "."])
def test_the_tree_is_found_in_every_documented_place(make_tree, desed, place):
    make_tree(place).test()
    assert len(desed().clips("test")) == 3


def test_every_split_has_its_clips_and_labels(tree, desed):
    tree.all()
    data = desed()
    assert len(data.clips("train/weak")) + len(data.clips("valid/weak")) == 20
    assert {clip.labels for clip in data.clips("train/weak")} == {
        frozenset({"Dog"}),
        frozenset({"Dishes", "Speech"}),
    }
    assert all(clip.events is None for clip in data.clips("train/weak"))
    unlabelled = data.clips("train/unlabelled")
    assert len(unlabelled) == 2
    assert all(clip.events is None and clip.labels is None for clip in unlabelled)
    first = data.clips("valid/synthetic")[0]
    assert [(e.onset, e.offset, e.label) for e in first.events] == [(0.01, 0.05, "Cat")]
    assert first.labels is None


def test_clips_keep_the_order_of_the_table_and_ids_may_hold_dashes_and_underscores(tree, desed):
    tree.test()
    assert ids(desed().clips("test")) == [
        "Y-0dog_cat_12_5.000_15.000.wav",
        "YnothingHere_0.000_10.000.wav",
        "Yshort_6789_-_20.000_24.000.wav",
    ]


def test_a_clip_without_events_is_kept(tree, desed):
    tree.test()
    empty = desed().clips("test")[1]
    assert empty.events == ()
    assert empty.duration == 10.0


def test_one_file_name_in_two_splits_is_two_clips(tree, desed):
    tree.all()
    data = desed()
    train, valid = data.clips("train/synthetic")[0], data.clips("valid/synthetic")[0]
    assert train.id == valid.id == "0.wav"
    assert train.events[0].label == "Blender"
    assert valid.events[0].label == "Cat"
    assert audio_level(train) == 0.25
    assert audio_level(valid) == -0.25


def test_the_synthetic_archive_may_lie_where_it_was_unpacked(make_tree, desed):
    tree = make_tree("desed/dataset", synthetic="dcase_synth")
    tree.all()
    assert (tree.folder / "dcase_synth/audio").is_dir()
    assert len(desed().clips("train/synthetic")) == 2
    assert len(desed().clips("valid/synthetic")) == 2


def test_durations_come_from_the_table_the_name_or_the_file(tree, desed):
    tree.all()
    tree.wav(SYNTHETIC_TRAIN, "0.wav", seconds=0.75)
    data = desed()
    assert [c.duration for c in data.clips("test")] == [10.0, 10.0, 4.0]
    assert [c.duration for c in data.clips("train/unlabelled")] == [10.0, 4.5]
    assert [c.duration for c in data.clips("train/synthetic")] == [0.75, 0.1]


def test_without_its_durations_table_a_split_uses_the_files_and_says_so(tree, desed):
    tree.test()
    (tree.folder / "metadata/validation/validation_durations.tsv").unlink()
    data = desed()
    assert {clip.duration for clip in data.clips("test")} == {0.1}
    assert any("validation_durations.tsv" in note for note in data.notes("test"))


def test_of_a_longer_clip_the_first_ten_seconds_count(tree, desed):
    tree.synthetic_train()
    tree.wav(SYNTHETIC_TRAIN, "0.wav", seconds=10.5)
    clip = desed().clips("train/synthetic")[0]
    assert clip.duration == 10.0
    assert clip.recordings["mono"].duration == 10.0
    assert clip.recordings["mono"].read().shape == (1, 160000)


def test_files_at_their_original_rate_are_resampled_to_16_khz(make_tree, desed):
    make_tree("dataset", rate=44100, suffix="").all()
    recording = desed().clips("test")[0].recordings["mono"]
    assert recording.sample_rate == 16000
    assert recording.read().shape == (1, 1600)
    assert recording.read(0.02, 0.05).shape == (1, 800)


def test_the_16_khz_folder_is_used_where_it_is_as_complete(tree, desed):
    for path in tree.test():
        tree.wav("validation/validation", path.name, suffix="", rate=44100, level=0.5)
    assert audio_level(desed().clips("test")[0]) == pytest.approx(0.1, abs=1e-3)


def test_the_original_folder_is_used_where_the_16_khz_one_lacks_clips(tree, desed):
    paths = tree.test()
    for path in paths:
        tree.wav("validation/validation", path.name, suffix="", rate=44100, level=0.5)
    paths[0].unlink()
    data = desed()
    assert data.coverage("test")[0] == 3
    assert audio_level(data.clips("test")[0]) == pytest.approx(0.5, abs=1e-3)
    assert data.provenance()["parts"]["test"]["audio"] == "audio/validation/validation"


def test_a_stereo_file_is_averaged(tree, desed):
    name = tree.test()[0].name
    tree.wav("validation/validation", name, channels=2, level=[0.5, -0.25])
    assert audio_level(desed().clips("test")[0]) == 0.125


def test_more_than_two_channels_are_refused(tree, desed):
    name = tree.test()[0].name
    tree.wav("validation/validation", name, channels=4)
    clip = desed().clips("test")[0]
    with pytest.raises(BadFile, match="has 4 channels, 1 or 2 expected"):
        clip.recordings["mono"].read()


def test_a_missing_test_clip_is_neither_listed_nor_counted_and_marks_the_split(tree, desed):
    """H-26 of the specification: its duration leaves the false-positive rate."""
    tree.test()[2].unlink()
    data = desed()
    clips = data.clips("test")
    assert sum(clip.duration for clip in clips) == 20.0
    found, expected = data.coverage("test")
    assert (found, expected) == (2, 1168)
    assert any("1166 of 1168 clips are missing" in note for note in data.notes("test"))


def test_what_is_expected_is_what_the_table_names_but_at_least_the_published_count(tree, desed):
    names = [f"{i}.wav" for i in range(10_003)]
    tree.table(f"{SYNTHETIC_TRAIN}.tsv", EVENT, [(n, 0, 1, "Dog") for n in names])
    tree.wav(SYNTHETIC_TRAIN, "7.wav")
    assert desed().coverage("train/synthetic") == (1, 10_003)


def test_missing_training_clips_are_told_above_one_percent(tree, desed):
    names = [f"Y{i:011d}_0.000_10.000.wav" for i in range(3470)]
    rows = [(name, 0, 1, "Dog") for name in names]
    tree.table("train/audioset_strong.tsv", EVENT, rows)
    path = tree.wav("train/strong_label_real", names[0])
    for name in names[1:-34]:
        (path.parent / name).hardlink_to(path)
    assert desed().notes("train/real") == []
    (path.parent / names[-35]).unlink()
    (note,) = desed().notes("train/real")
    assert "35 of 3470 clips are missing (1.0%)" in note


def test_the_hold_out_is_a_tenth_of_every_set_of_labels_and_leaves_the_rest(tree, desed):
    tree.weak()
    data = desed()
    train, valid = data.clips("train/weak"), data.clips("valid/weak")
    assert len(valid) == 2
    assert {clip.labels for clip in valid} == {clip.labels for clip in train}
    assert not set(ids(train)) & set(ids(valid))


def test_the_hold_out_depends_on_the_names_alone(tree, desed):
    paths = tree.weak()
    before = set(ids(desed().clips("valid/weak")))
    table = tree.folder / "metadata/train/weak.tsv"
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([header, *reversed(rows)]) + "\n")
    next(path for path in paths if path.name not in before).unlink()
    assert set(ids(desed().clips("valid/weak"))) == before


def test_the_hold_out_of_1578_clips_has_158_and_every_label_set_its_share():
    rng = np.random.default_rng(0)
    sizes = {"Dog": 700, "Cat": 400, "Dog,Cat": 333, "Speech": 100, "Frying": 45}
    names = rng.permutation(sum(sizes.values()))
    sets = [frozenset(k.split(",")) for k, n in sizes.items() for _ in range(n)]
    labels = {f"{i}.wav": s for i, s in zip(names, sets)}
    chosen = held_out(labels, 0.1)
    assert len(chosen) == 158
    for key, size in sizes.items():
        count = sum(labels[name] == frozenset(key.split(",")) for name in chosen)
        assert abs(count - size / 10) <= 1


def test_a_missing_tree_names_the_places_the_sources_and_the_stand_in(desed, tmp_path):
    with pytest.raises(MissingData) as error:
        desed()
    message = str(error.value)
    for place in ["desed/dataset", "dcase/dataset", "dataset"]:
        assert str(tmp_path / place) in message
    for record in ["4639776", "6444477", "6026841", "4560759"]:
        assert f"zenodo.org/records/{record}" in message
    assert "desed.download_audioset_data(" in message
    simulate = f"seldbench data simulate desed-sim --scale small --data-root {tmp_path}"
    assert simulate in message
    assert f"--dataset desed-sim --data-root {tmp_path}" in message


def test_half_a_tree_serves_what_it_has_and_tells_how_to_get_the_rest(tree, desed):
    tree.test()
    data = desed()
    assert len(data.clips("test")) == 3
    assert data.coverage("train/weak") == (0, 1420)
    assert data.coverage("valid/weak") == (0, 158)
    with pytest.raises(MissingData) as error:
        data.clips("train/synthetic")
    message = str(error.value)
    assert f"{SYNTHETIC_TRAIN}.tsv" in message
    assert "zenodo.org/records/6026841" in message
    assert "desed-sim" in message
    assert "4639776" not in message


def test_a_table_without_its_audio_folder_is_told(tree, desed):
    tree.test()
    tree.table("train/unlabel_in_domain.tsv", ("filename",), [["Ya_0.000_10.000.wav"]])
    with pytest.raises(MissingData, match=r"no audio folder: looked for .*unlabel_in_domain_16k"):
        desed().clips("train/unlabelled")


def test_an_audio_folder_with_none_of_the_clips_is_told(tree, desed):
    tree.test()
    tree.table("train/unlabel_in_domain.tsv", ("filename",), [["Ya_0.000_10.000.wav"]])
    tree.wav("train/unlabel_in_domain", "other.wav")
    with pytest.raises(MissingData, match="holds none of the 1 clips"):
        desed().clips("train/unlabelled")


def test_an_unknown_split_names_the_nearest(tree, desed):
    tree.test()
    with pytest.raises(UnknownName, match=r"'train/weakly' \(near: train/weak"):
        desed().clips("train/weakly")


def test_an_unknown_label_names_the_file_and_the_nearest_class(tree, desed):
    tree.test()
    tree.table(
        "validation/validation.tsv", EVENT, [("Y-0dog_cat_12_5.000_15.000.wav", 0, 1, "Dgo")]
    )
    with pytest.raises(BadFile, match=r"validation\.tsv: unknown label 'Dgo' \(near: Dog"):
        desed().clips("test")


def test_an_unknown_weak_label_is_refused(tree, desed):
    tree.weak()
    tree.table("train/weak.tsv", ("filename", "event_labels"), [("a.wav", "Speech,Bird")])
    with pytest.raises(BadFile, match="unknown label 'Bird'"):
        desed().clips("train/weak")


def test_a_name_twice_in_a_table_of_clips_is_refused(tree, desed):
    tree.unlabelled()
    tree.table("train/unlabel_in_domain.tsv", ("filename",), [["a.wav"], ["a.wav"]])
    with pytest.raises(BadFile, match=r"unlabel_in_domain\.tsv.*a\.wav"):
        desed().clips("train/unlabelled")


def test_a_durations_table_that_lacks_a_clip_is_refused(tree, desed):
    tree.test()
    tree.table("validation/validation_durations.tsv", ("filename", "duration"), [("a.wav", 10.0)])
    with pytest.raises(BadFile, match=r"has no line for Y-0dog_cat_12_5\.000_15\.000\.wav"):
        desed().clips("test")


def test_a_synthetic_clip_of_0_samples_is_refused(tree, desed):
    tree.synthetic_train()
    tree.wav(SYNTHETIC_TRAIN, "1.wav", seconds=0)
    with pytest.raises(BadFile, match=r"1\.wav: holds 0 samples"):
        desed().clips("train/synthetic")


def test_simulated_scenes_are_refused_by_their_names(tree, desed):
    tree.table("validation/validation.tsv", EVENT, [("Ysim0000001_0.000_10.000.wav", 0, 1, "Dog")])
    tree.wav("validation/validation", "Ysim0000001_0.000_10.000.wav")
    with pytest.raises(BadFile, match="use them with --dataset desed-sim"):
        desed()


def test_simulated_scenes_are_refused_by_their_manifest(tree, desed):
    tree.test()
    manifest = tree.folder.parent / "manifest.json"
    manifest.write_text('{"classes": ["Dog"], "seed": 0, "scale": "tiny"}')
    with pytest.raises(BadFile, match="use them with --dataset desed-sim"):
        desed()


def test_the_version_of_the_test_labels_is_told_by_the_number_of_events(tree, desed):
    tree.test()
    assert desed().provenance()["test_labels"] == "unknown (3 events)"
    rows = [("a.wav", i / 1000, (i + 1) / 1000, "Dog") for i in range(4224)]
    tree.table("validation/validation.tsv", EVENT, [*rows, ("b.wav", "", "", "")])
    assert desed().provenance()["test_labels"].startswith("current (4224 events")


def test_the_fingerprint_follows_labels_names_and_sizes(tree, desed):
    tree.all()
    prints = [desed().fingerprint()]
    prints.append(desed().fingerprint())
    tree.wav(SYNTHETIC_TRAIN, "0.wav", seconds=0.2)
    prints.append(desed().fingerprint())
    (tree.folder / f"audio/{SYNTHETIC_TRAIN}_16k/0.wav").unlink()
    prints.append(desed().fingerprint())
    table = tree.folder / "metadata/validation/validation.tsv"
    table.write_text(table.read_text().replace("Dog", "Cat"))
    prints.append(desed().fingerprint())
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


def test_the_fingerprint_is_the_same_wherever_the_tree_lies(make_tree, tmp_path):
    make_tree("one/dataset").all()
    make_tree("two/dcase/dataset").all()
    prints = {DATASET(tmp_path / name).fingerprint() for name in ("one", "two")}
    assert len(prints) == 1


def test_nothing_is_written_into_the_tree(make_tree, desed):
    tree = make_tree("dataset", rate=44100, suffix="").all()
    before = sorted(tree.folder.rglob("*"))
    data = desed()
    for split in data.splits[:-1]:
        if split != "train/real":
            data.clips(split)[0].recordings["mono"].read()
    assert sorted(tree.folder.rglob("*")) == before
