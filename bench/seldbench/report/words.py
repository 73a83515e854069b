"""What pages call scores, and what they say of them."""

TITLES = {
    "psds1": "PSDS1",
    "psds2": "PSDS2",
    "psds1_thresholds": "PSDS1, 50 thresholds",
    "psds2_thresholds": "PSDS2, 50 thresholds",
    "event_f1": "Event F1",
    "event_f1_macro": "Event F1, macro",
    "event_f1_micro": "Event F1, micro",
}
MEANINGS = {
    "psds1": "area under the PSD-ROC over all thresholds; asks for exact onsets and offsets",
    "psds2": "the same; asks for the right class more than for exact times",
    "psds1_thresholds": "PSDS1 from the operating points of 50 thresholds, as most papers report",
    "psds2_thresholds": "PSDS2 from the operating points of 50 thresholds",
    "event_f1_macro": "events found with onset and offset within their collars, mean over classes",
    "event_f1_micro": "the same over all events together",
}


def title(score: str) -> str:
    """The score's name for a reader; the name itself where there is no other."""
    return TITLES.get(score, score)


def meaning(score: str) -> str:
    return MEANINGS.get(score, "")


def number(value: float | None) -> str:
    """Three decimals; a dash for no value."""
    return "–" if value is None else f"{value:.3f}"


def span(seconds: float | None) -> str:
    """A duration for a reader: 42 s, 3.5 min, 2.1 h."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
