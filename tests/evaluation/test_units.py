"""Scores in a terminal say their units, wherever they have one."""

from seldbench.evaluation.scores import Scores
from seldbench.experiment.start import summary

VALUES = {"accuracy": 0.5, "direction_error": 12.0, "si_sdr": 6.0, "snr": -1.25}


def test_scores_of_files_stand_with_their_units():
    classes = {"dog": {"recall": 0.5, "snr": 3.0}}
    lines = Scores(VALUES, classes, {"snr": {"jackknife": (-2.0, 0.0)}}, ("dog",), ()).lines()
    assert lines[:3] == [
        "accuracy           0.5000",
        "direction_error    12.0000°",
        "si_sdr             6.0000 dB",
    ]
    assert lines[3] == "snr                -1.2500 dB  [-2.0000, 0.0000] jackknife"
    assert any(line.split() == ["class", "recall", "snr,", "dB"] for line in lines)


def test_so_do_those_of_a_run():
    data = {"simulated": None, "partial": False}
    scores = {"data": data, "scores": {**VALUES, "si_sdri": None}, "intervals": {}}
    lines = [line.split() for line in summary(scores)]
    assert ["snr", "-1.2500", "dB"] in lines
    assert not any("si_sdri" in line for line in lines)
