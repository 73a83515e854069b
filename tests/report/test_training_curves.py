"""Training curves: whose scores they are, and points that stand on an axis."""

import re

from seldbench.report.figures import charts
from seldbench.report.figures.figure_data import training
from seldbench.training.loop import State, describe


def curves(*networks, epochs=3, value=0.2):
    series = {"loss": [value] * epochs} | {f"valid {n} score": [value] * epochs for n in networks}
    series |= {f"valid {n} valid/psds1": [value] * epochs for n in networks}
    return {"epoch": list(range(1, epochs + 1)), "series": series, "selected": 1}


def test_a_network_without_a_teacher_is_not_called_a_student():
    alone = {"sed": curves("student")}
    assert "student" not in charts.training(alone)
    assert {row[2] for row in training(alone).rows} == {"loss", "valid score", "valid valid/psds1"}
    both = {"sed": curves("student", "teacher")}
    assert "student score" in charts.training(both) and "teacher score" in charts.training(both)


def test_the_log_of_a_training_without_a_teacher_says_score():
    entry = {"epoch": 1, "loss": 1.0, "valid": {"student": {"score": -0.109}}, "seconds": 3.0}
    line = describe(entry, 5, State(best=-0.109, best_epoch=1))
    assert line == "epoch 1/5  loss 1.0000  score -0.109  (best: -0.109, epoch 1)  3 s"
    entry["valid"]["teacher"] = {"score": 0.2}
    line = describe(entry, 5, State(best=0.2, best_epoch=1, best_network="teacher"))
    assert "student -0.109  teacher 0.200  (best: 0.200, teacher of epoch 1)" in line


def test_the_point_of_one_epoch_is_whole_where_it_stands_on_the_axis():
    def clipped(svg):
        # Marks of points, in a group that ends at the edge of its panel.
        return re.findall(r'<g clip-path="[^"]*">\s*<use ', svg)

    assert not clipped(charts.training({"sed": curves("student", epochs=1, value=0.0)}))
