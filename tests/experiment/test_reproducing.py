"""`seldbench reproduce`: a published row comes out again, or is refused in words; an outcome that
differs is told."""

import copy
import json
import shutil
from types import SimpleNamespace

import pytest
import torch

from seldbench import reproducing
from seldbench.contracts import Quiet
from seldbench.errors import BadRun, MissingData, UnknownName
from seldbench.experiment import keys, repeating
from seldbench.experiment.preparing import Data
from seldbench.experiment.repeating import again
from seldbench.experiment.run import Experiment
from seldbench.recipe import resolve
from seldbench.report.publish import publish
from seldbench.runs import all_runs, open_run

LIMIT = 6


class Heard(Quiet):
    """Remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.fixture(scope="module")
def published(toy, toy_text, tmp_path_factory):
    """A toy run of one epoch, published; its folder of runs is gone."""
    folder = tmp_path_factory.mktemp("published")
    path = folder / "crnn" / "toy.toml"
    path.parent.mkdir()
    path.write_text(toy_text.replace("epochs = 3", "epochs = 1"))
    command = ("seldbench", "run", "--arch", "crnn", "--dataset", "toy", "--set", "a=1")
    experiment = Experiment(
        resolve(path, "toy"), Data(toy, limit=LIMIT), 3, folder / "runs", command=command
    )
    run = experiment.run(torch.device("cpu"), Quiet())
    score_file = publish(run.path, folder / "reports")
    shutil.rmtree(folder / "runs")
    return SimpleNamespace(row=run.path.name, reports=folder / "reports", file=score_file)


@pytest.fixture
def reports(published, tmp_path):
    """change(what) -> a copy of the reports, its score file as `what` leaves it."""

    def change(what=lambda content: None):
        target = tmp_path / "reports"
        shutil.copytree(published.reports, target, dirs_exist_ok=True)
        path = target / "scores" / published.file.name
        content = json.loads(path.read_text())
        what(content)
        path.write_text(json.dumps(content))
        return target

    return change


@pytest.fixture
def repeat(published, toy, tmp_path, monkeypatch):
    """repeat(reports, ...) -> the verdict, on the toy set or the one given."""

    def call(folder, dataset=toy, row=published.row, progress=None, **options):
        monkeypatch.setattr(
            reproducing, "opened", lambda name, root, limit: Data(dataset, limit=limit)
        )
        return reproducing.reproduce(
            row,
            progress or Quiet(),
            reports=folder,
            runs=tmp_path / "runs",
            data_root=None,
            **options,
        )

    return call


def of_other_machine(content):
    content["environment"]["packages"]["torch"] = "1.0"


def test_a_row_comes_out_again_equal_in_every_score(published, repeat, tmp_path):
    verdict = repeat(published.reports)
    assert verdict.within
    assert verdict.tolerance == "rounding"
    judged = [one for one in verdict.scores if one.within is not None]
    assert {"psds1", "event_f1_macro"} <= {one.score for one in judged}
    assert all(one.difference == pytest.approx(0, abs=1e-9) for one in judged)
    (made,) = all_runs(tmp_path / "runs" / "reproduced" / published.row)
    original = json.loads(published.file.read_text())
    assert made.about["seed"] == 3
    assert made.about["limit"] == LIMIT
    assert made.about["stages"] == original["stages"]
    # What the command line changed of the recipe stays beside a repetition that is published.
    assert made.about["command"] == original["provenance"]["command"]


def test_a_score_that_was_another_is_outside_and_the_end_says_so(repeat, reports):
    def better(content):
        content["scores"]["psds1"] += 0.2

    verdict = repeat(reports(better))
    assert not verdict.within
    assert [one.score for one in verdict.scores if one.within is False] == ["psds1"]
    lines = list(verdict.lines())
    assert any(line.startswith("psds1") and "OUTSIDE" in line for line in lines)
    assert any("did not come out" in line for line in lines)


def test_a_finished_repetition_is_made_once_more_in_a_folder_of_its_own(
    published, repeat, tmp_path
):
    repeat(published.reports)
    repeat(published.reports)
    folders = sorted(p.name for p in (tmp_path / "runs" / "reproduced").iterdir())
    assert folders == [published.row, f"{published.row}-2"]


def test_finished_trainings_are_read_again_only_where_that_is_asked_for(
    published, repeat, tmp_path
):
    out, heard = tmp_path / "mine", Heard()
    repeat(published.reports, out=out)
    with pytest.raises(BadRun, match=r"holds the finished training .* --reuse"):
        repeat(published.reports, out=out)
    assert repeat(published.reports, out=out, reuse=True, progress=heard).within
    assert "already finished" in heard.lines


def test_other_data_is_refused_with_both_fingerprints(published, repeat, toy, tmp_path):
    other = copy.copy(toy)
    other.fingerprint = lambda: "toy-2"
    with pytest.raises(MissingData, match=r"toy-2, published toy-1.*tones in noise.*--data-root"):
        repeat(published.reports, dataset=other)
    assert not (tmp_path / "runs").exists()


def test_an_unknown_row_is_refused_with_the_nearest(published, repeat, tmp_path):
    with pytest.raises(UnknownName, match=f"near: {published.row}.*there are 1 rows"):
        repeat(published.reports, row=published.row[:-1] + "4")
    with pytest.raises(UnknownName, match="nothing is published there"):
        repeat(tmp_path / "nowhere")


def test_another_version_of_a_component_is_refused_by_name(repeat, reports):
    def older(content):
        content["components"]["features logmel_desed"] = 7

    with pytest.raises(BadRun, match=r"features logmel_desed: version 7, here \d"):
        repeat(reports(older))


def test_another_version_of_the_metrics_is_refused(repeat, reports):
    def older(content):
        content["metrics_version"] = 0

    with pytest.raises(BadRun, match="metrics: version 0"):
        repeat(reports(older))


def test_a_file_without_versions_still_tells_by_its_keys_which_component_changed(
    repeat, reports, monkeypatch
):
    folder = reports(lambda content: content.pop("components"))
    monkeypatch.setattr(keys, "_versions", lambda stage: VERSIONS | {"format strong": 2})
    with pytest.raises(BadRun, match="format strong: version 1, here 2"):
        repeat(folder)


VERSIONS = {
    "architecture crnn": 1,
    "features logmel_desed": 1,
    "format strong": 1,
    "format weak": 1,
}


def test_a_key_that_nothing_explains_is_a_note_and_no_refusal(repeat, reports):
    def older(content):
        del content["components"]
        content["stages"]["sed"] = "0" * 16

    heard = Heard()
    assert repeat(reports(older), progress=heard).within
    assert any("stage sed has another key" in line for line in heard.lines)


def test_an_old_file_that_lacks_parts_is_repeated_and_judged_by_its_intervals(repeat, reports):
    def older(content):
        for name in ("environment", "components", "trainings", "init", "cost"):
            content.pop(name, None)
        for stage in content["provenance"]["recipe"]["stages"].values():
            del stage["architecture"]
        content["intervals"].pop("psds2")

    verdict = repeat(reports(older))
    assert verdict.within
    assert verdict.tolerance == "interval"
    lines = list(verdict.lines())
    assert "device and versions of the row are not on record" in lines[0]
    # Equal as shown: that needs no interval.
    assert next(one for one in verdict.scores if one.score == "psds2").within


def test_a_file_without_a_recipe_names_the_command(repeat, reports):
    folder = reports(lambda content: content["provenance"].pop("recipe"))
    with pytest.raises(BadRun, match=r"no resolved recipe.*seldbench run --arch crnn"):
        repeat(folder)


def test_a_recipe_that_is_not_known_any_more_names_the_version_to_use(repeat, reports):
    def newer(content):
        content["provenance"]["recipe"]["stages"]["sed"]["thing"] = 1

    with pytest.raises(BadRun, match=r"does not know its recipe \(stages.sed.thing.*0\.1\.0"):
        repeat(reports(newer))


def test_an_ensemble_names_its_members(repeat, reports):
    def mean(content):
        content["seed"] = None
        content["members"] = [{"run": "a", "arch": "crnn", "variant": "v", "seed": 0}]

    with pytest.raises(BadRun, match=r"mean of other runs \(a\).*seldbench ensemble"):
        repeat(reports(mean))


@pytest.fixture
def begun(published, toy, tmp_path):
    """begun(sha256, ...) -> the experiment of a row that began with `ab12/weights.safetensors`."""

    def make(digest, **options):
        content = json.loads(published.file.read_text())
        stage = content["provenance"]["recipe"]["stages"]["sed"]
        stage["init"] = {"": {"path": "ab12/weights.safetensors"}}
        content["init"] = {"": {"file": "weights.safetensors", "sha256": digest}}
        return again(
            content, Data(toy, limit=LIMIT), tmp_path / "out", runs=tmp_path / "runs", **options
        )

    return make


def test_first_weights_are_found_by_their_digest_and_named_where_they_are_not(begun, tmp_path):
    digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"  # of "foo"
    with pytest.raises(MissingData, match=f"not here: ab12/weights.*{digest}.*--init FILE"):
        begun(digest)
    mine = tmp_path / "mine.safetensors"
    mine.write_text("bar")
    with pytest.raises(MissingData, match=r"mine\.safetensors is another file"):
        begun(digest, init=[str(mine)])
    mine.write_text("foo")
    assert begun(digest, init=[str(mine)]).recipe.stage.init[""].path == str(mine)
    left = tmp_path / "runs" / "stages" / "ab12" / "weights.safetensors"
    left.parent.mkdir(parents=True)
    left.write_text("foo")
    assert begun(digest).recipe.stage.init[""].path == str(left)


def test_several_jobs_train_before_the_run_predicts(published, repeat, monkeypatch):
    asked = []
    monkeypatch.setattr(
        reproducing, "train_side_by_side", lambda all_, jobs, *rest: asked.append((len(all_), jobs))
    )
    assert repeat(published.reports, jobs=2).within
    assert asked == [(1, 2)]


def test_the_command_prints_the_scores_and_its_exit_status_tells(
    published, reports, toy, seldbench, monkeypatch
):
    monkeypatch.setattr(reproducing, "opened", lambda name, root, limit: Data(toy, limit=limit))
    code, out, err = seldbench("reproduce", published.row, "--reports", published.reports)
    assert code == 0, err
    assert "tolerance: equal as tables show it" in out
    assert "came out: " in out

    def worse(content):
        content["scores"]["event_f1_macro"] = 0.999
        content["intervals"]["event_f1_macro"] = {"bootstrap": [0.99, 1.0]}

    changed = reports(lambda content: (worse(content), of_other_machine(content)))
    call = ["reproduce", published.row, "--reports", changed, "--json"]
    code, out, _ = seldbench(*call)
    assert code == 3
    found = json.loads(out)
    assert (found["within"], found["tolerance"]) == (False, "interval")
    assert any("torch 1.0, here" in text for text in found["changed"])
    code, out, _ = seldbench(*call, "--tolerance", "1.0")
    assert code == 0
    code, _, err = seldbench(*call, "--tolerance", "close")
    assert code == 2
    assert "rounding, interval, or a number" in err
    code, _, err = seldbench("reproduce", "nothing", "--reports", changed)
    assert code == 1
    assert "no published row 'nothing'" in err


def test_folds_are_read_however_a_score_file_writes_them():
    assert repeating._folds("0,2") == [0, 2]
    assert repeating._folds([1]) == [1]
    assert repeating._folds(0) == [0]
    assert repeating._folds(None) is None


def test_a_repetition_can_be_opened_like_any_run(published, repeat, tmp_path):
    verdict = repeat(published.reports)
    folder = tmp_path / "runs" / "reproduced" / published.row
    assert open_run(verdict.repeated.run, folder).finished
