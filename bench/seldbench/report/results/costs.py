"""What a system costs: parameters, training, and the computing that a second of audio takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from seldbench.report.results.blocks import Cost
from seldbench.report.results.result import Result
from seldbench.report.words import span

STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Costs:
    """None: not known. macs: multiply-accumulates a second of audio. real_time: seconds of
    computing a second of audio, and `timing` by what: others do not compare. training: seconds,
    mean over seeds."""

    parameters: int | None = None
    macs: float | None = None
    real_time: float | None = None
    timing: str = ""
    training: float | None = None

    @property
    def texts(self) -> dict[str, str]:
        """For a reader, a dash for what is not known."""
        return {
            "parameters": short(self.parameters),
            "macs": short(self.macs),
            "real_time": ratio(self.real_time),
            "training": span(self.training),
        }

    @property
    def values(self) -> dict[str, float | None]:
        """As `texts`, to put systems in order by."""
        return {
            "parameters": self.parameters,
            "macs": self.macs,
            "real_time": self.real_time,
            "training": self.training,
        }


def costs_of(results: Sequence[Result]) -> Costs:
    """Of runs that differ in their seed alone; nothing is known of no runs."""
    if not results:
        return Costs()
    trained = [r.training_seconds for r in results if r.training_seconds is not None]
    costs = [r.cost for r in results if r.cost is not None]
    timed = [c for c in costs if c.real_time_factor is not None]
    timing = timing_of(timed[0]) if timed else ""
    times = [c.real_time_factor for c in timed if timing_of(c) == timing and c.real_time_factor]
    return Costs(
        parameters=next((r.parameters for r in results if r.parameters is not None), None),
        macs=next((c.macs_per_second for c in costs if c.macs_per_second is not None), None),
        real_time=fmean(times) if times else None,
        timing=timing,
        training=fmean(trained) if trained else None,
    )


def timing_of(cost: Cost) -> str:
    """On what a system was timed, and with what: "cpu, 2 threads, noise"."""
    threads = f"{cost.threads} thread{'' if cost.threads == 1 else 's'}" if cost.threads else ""
    return ", ".join(filter(None, (cost.device, threads, "noise" if cost.noise else "test clips")))


def short(value: float | None) -> str:
    """Three digits: 280 k, 1.63 M, 12.3 G; a dash for no value."""
    if value is None:
        return "–"
    for step, letter in STEPS:
        if value >= step * 0.9995:
            return f"{_digits(value / step)} {letter}"
    return f"{value:.0f}"


def ratio(value: float | None) -> str:
    """Three digits of a ratio: 0.0123."""
    return "–" if value is None else f"{value:#.3g}".rstrip(".")


def _digits(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
