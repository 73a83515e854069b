"""Fig. 3 of AST-SED from a probe of the frequency rows: published, drawn, and refused when torn."""

import json

import numpy as np
import pytest

from seldbench.errors import BadFile
from seldbench.report.figures import activation
from seldbench.report.pages.rendering import render
from seldbench.report.publish import publish


def write_rows(run, simulated=None):
    """A probe of a run's frequency rows, as `seldbench predict --probe rows` leaves it."""
    low = [20, 173, 360, 585, 859, 1191, 1594, 2083, 2676, 3396, 4269, 5327]
    high = [300, 513, 771, 1085, 1465, 1927, 2486, 3165, 3989, 4988, 6200, 7670]
    conditions = [
        {"name": f"row {k}", "low": float(a), "high": float(b), "scores": {"event_f1_macro": 0.1}}
        for k, (a, b) in enumerate(zip(low, high))
    ]
    classes, found = json.loads((run / "scores.json").read_text())["classes"], {}
    for i, name in enumerate(classes):
        place = 11 * i / max(len(classes) - 1, 1)
        shape = np.exp(-0.5 * ((np.arange(12) - place) / 2) ** 2)
        normalised = (shape - shape.min()) / np.ptp(shape)
        centroid = float((normalised * np.arange(12)).sum() / normalised.sum())
        spread = float(
            np.sqrt((normalised * (np.arange(12) - centroid) ** 2).sum() / normalised.sum())
        )
        found[name] = {"event_f1": (0.4 * shape).tolist(), "normalised": normalised.tolist()}
        found[name] |= {"centroid": centroid, "spread": spread}
    content = {"format": 1, "probe": "rows", "task": "sed", "simulated": simulated}
    content |= {"conditions": conditions, "classes": found}
    (run / "probes").mkdir()
    (run / "probes" / "rows.json").write_text(json.dumps(content))


@pytest.fixture
def probed(write_run, tmp_path):
    """A reports folder with a run that was heard row by row."""
    run, out = write_run("probed", dataset="desed-sim"), tmp_path / "reports"
    write_rows(run, simulated="built-in sources")
    publish(run, out, shown=0)
    render(out)
    return out


def test_a_probe_is_published_and_its_page_shows_figure_table_and_mark(probed):
    text = (probed / "runs" / "probed" / "index.html").read_text()
    section = text.split("<h2>Activation along frequency")[1].split("<h2>")[0]
    assert section.startswith(' <span class="mark">simulated</span>')
    assert "20–300 Hz" in section
    assert "built-in sources" in section
    drawn = (probed / "figures" / "probed" / "activation.svg").read_text()
    assert "5327–7670" in drawn
    assert "simulated data" in drawn


def test_a_run_without_a_probe_has_no_such_section(write_run, tmp_path):
    out = tmp_path / "reports"
    publish(write_run("plain"), out, shown=0)
    render(out)
    assert "Activation" not in (out / "runs" / "plain" / "index.html").read_text()


def test_the_centroid_has_the_frequency_between_the_middles_of_its_rows(probed):
    found = activation.read_rows(probed / "runs" / "probed" / "rows.json")
    assert activation.hertz_at(found.conditions, 0.0) == 160.0
    assert activation.hertz_at(found.conditions, 0.5) == pytest.approx((160 + 343) / 2)
    assert activation.hertz_at(found.conditions, 11.0) == pytest.approx(6498.5)
    rising = [line.hertz for line in activation.lines(found)]
    assert rising == sorted(rising)


def test_a_class_whose_rows_are_alike_has_no_centroid_and_is_said_to_be_flat(probed):
    path = probed / "runs" / "probed" / "rows.json"
    content = json.loads(path.read_text())
    flat = {"event_f1": [0.2] * 12, "normalised": [0.0] * 12, "centroid": None, "spread": None}
    content["classes"] = {"Speech": flat}
    found = activation.parse(content, path)
    assert "all rows alike" in activation.figure(found)
    assert activation.lines(found)[0].hertz is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 2"),
        ({"conditions": []}, "12 values for 0 rows"),
        ({"classes": {"Dog": {"event_f1": [0.1]}}}, "classes.Dog.normalised"),
    ],
)
def test_a_probe_that_breaks_a_rule_is_refused_with_its_file(write_run, tmp_path, change, message):
    run = write_run("torn")
    write_rows(run)
    path = run / "probes" / "rows.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadFile, match=message) as error:
        publish(run, tmp_path / "reports")
    assert str(path) in str(error.value)
    assert not (tmp_path / "reports" / "scores").exists()
