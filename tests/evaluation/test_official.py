"""`score sed --official` where the official scorers are absent, and what it says to a person."""

import sys

import pytest

from seldbench.errors import MissingPackage
from seldbench.evaluation.sed.official import Official, official_sed
from seldbench.events import Event, EventList, event_table

ONE = event_table({"a": EventList([Event(1.0, 2.0, "dog")])})


@pytest.mark.parametrize("absent", ["psds_eval", "sed_eval", "pandas"])
def test_a_missing_package_is_named_with_the_extra_that_installs_it(monkeypatch, absent):
    for name in ("psds_eval", "sed_eval"):
        monkeypatch.setitem(sys.modules, name, sys)  # as if it were installed
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(MissingPackage) as error:
        official_sed(ONE, {"a": 10.0}, ONE)
    assert absent in str(error.value)
    assert "pip install 'seldbench[official]'" in str(error.value)
    assert "make oracles" in str(error.value)


def test_both_values_of_a_score_stand_side_by_side():
    found = Official(
        {"event_f1_macro": 0.5, "psds1_thresholds": None, "event_f1_micro": 0.25},
        {"sed_eval": "0.2.1"},
        ["cut"],
    )
    lines = found.lines({"event_f1_macro": 0.5 + 1e-9})
    assert lines[0] == "official (sed_eval 0.2.1)"
    assert "0.500000000" in lines[1]
    assert "0.500000001" in lines[1]
    assert "differ by 1.0e-09" in lines[1]
    assert lines[2].split() == ["event_f1_micro", "official", "0.250000000", "seldbench", "-"]
    assert lines[3].strip() == "cut"
