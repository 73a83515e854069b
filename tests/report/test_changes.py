"""What a row says of its command line."""

from types import SimpleNamespace

from seldbench.report.results import Result


def changes(*words):
    command = ["seldbench", "run", "--arch", "crnn", *words]
    return Result.changes.fget(SimpleNamespace(provenance=SimpleNamespace(command=command)))


def test_settings_in_either_form_and_first_weights_are_changes():
    assert changes("--set", "a.b=1", "--seed", "1") == ("a.b=1",)
    assert changes("--set=a=x=y", "--set", "c=2") == ("a=x=y", "c=2")
    assert changes("--init", "runs/20261121-a-run") == ("init=20261121-a-run",)
    assert changes("--init=weights/first.safetensors") == ("init=first.safetensors",)
    assert changes("--seed", "0") == ()
