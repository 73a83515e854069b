"""A repeated run held against its published row: which scores are judged, and what is said."""

from seldbench.report.repeated import judged
from seldbench.report.results.score_files import of_run


def with_scores(result, **scores):
    return result.model_copy(update={"scores": {**result.scores, **scores}})


def test_scores_without_any_value_are_left_out(write_run):
    result = with_scores(of_run(write_run()), event_er=None)
    verdict = judged(result, result, "interval")
    assert "event_er" not in {one.score for one in verdict.scores}
    assert not any("not judged" in line for line in verdict.lines())


def test_a_score_that_the_row_lacks_is_not_judged(write_run):
    row = of_run(write_run())
    verdict = judged(row, with_scores(row, segment_f1_macro=0.3))
    assert verdict.within
    assert "1 without a published value or interval not judged" in list(verdict.lines())[-1]


def test_a_value_that_is_gone_is_outside(write_run):
    row = of_run(write_run())
    assert not judged(row, with_scores(row, psds1=None)).within
