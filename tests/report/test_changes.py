"""What a row says of its command line."""

from types import SimpleNamespace

from seldbench.report.results.result import Result


def changes(*words, init=None, members=()):
    command = ["seldbench", "run", "--arch", "crnn", *words]
    provenance = SimpleNamespace(command=command)
    members = [SimpleNamespace(command=of) for of in members]
    result = SimpleNamespace(provenance=provenance, init=init or {}, members=members)
    return Result.changes.fget(result)


def test_settings_in_either_form_and_first_weights_are_changes():
    assert changes("--set", "a.b=1", "--seed", "1") == ("a.b=1",)
    assert changes("--set=a=x=y", "--set", "c=2") == ("a=x=y", "c=2")
    assert changes("--init", "runs/20261121-a-run") == ("init=20261121-a-run",)
    assert changes("--init=weights/first.safetensors") == ("init=first.safetensors",)
    assert changes("--seed", "0") == ()
    assert changes("--size", "tiny") == ("model.size=tiny",)


def test_the_released_weights_that_a_recipe_asks_for_are_no_change_of_it():
    released = {"encoder": {"weights": "ast_audioset", "sha256": "ab", "file": "a.pth"}}
    assert changes("--init", "a.pth", init=released) == ()
    assert changes("--init", "none", init={"encoder": "random"}) == ()
    assert changes("--init", "mine", init={"": {"file": "mine", "sha256": "ab"}}) == ("init=mine",)


def test_what_changed_the_members_of_an_ensemble_changed_it():
    commands = [["run", "--set", "a=1"], ["run", "--set", "a=1", "--seed", "1"]]
    assert changes(members=commands) == ("a=1",)
