"""`seldbench score TASK`: anybody's prediction files against a reference."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from seldbench.cli.options import Json, console

if TYPE_CHECKING:
    from seldbench.evaluation import Resampling, Scores

score_app = typer.Typer(no_args_is_help=True, help="Score anybody's prediction files.")

Bootstrap = Annotated[
    int, typer.Option(min=0, help="Bootstrap replicates over clips for the intervals; 0 for none.")
]
Seed = Annotated[int, typer.Option(help="Of the bootstrap's draws.")]
Jackknife = Annotated[
    bool, typer.Option("--jackknife/--no-jackknife", help="Intervals by leaving out one clip.")
]
Html = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it
    typer.Option("--html", help="Write a page with the scores to this file."),
]


@score_app.command("sed")
def score_sed(
    reference: Annotated[Path, typer.Option(help="DESED TSV of the true events.")],
    durations: Annotated[Path, typer.Option(help="TSV of filename and duration.")],
    predictions: Annotated[
        Path, typer.Option(help="Events, operating points or frame scores; told apart by header.")
    ],
    threshold: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Where events are decided: an operating point, or of frame scores."),
    ] = None,
    collar: Annotated[float, typer.Option(help="Of event-based scores, seconds.")] = 0.2,
    offset_rate: Annotated[
        float, typer.Option(help="The offset may miss by this share of the event, if more.")
    ] = 0.2,
    segment: Annotated[float, typer.Option(help="Of segment-based scores, seconds.")] = 1.0,
    conditions: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A TSV of the true events with further columns, such as snr."),
    ] = None,
    official: Annotated[
        bool, typer.Option("--official", help="Run sed_eval and psds_eval too; print both.")
    ] = False,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    jackknife: Jackknife = True,
    as_json: Json = False,
    html: Html = None,
) -> None:
    """F1 (event, segment, intersection), PSDS and average precision of DESED-style files."""
    from seldbench.evaluation import score_sed_files

    scores = score_sed_files(
        reference,
        durations,
        predictions,
        threshold,
        collar=collar,
        offset_rate=offset_rate,
        segment=segment,
        official=official,
        budget=True,
        conditions=conditions,
        resampling=_resampling(bootstrap, seed, jackknife),
        progress=console,
    )

    def curves() -> dict[str, Any]:
        from seldbench.annotations import read_durations, read_events, read_predictions
        from seldbench.evaluation import psd_roc

        known, lengths = read_events(reference), read_durations(durations)
        return psd_roc(known, lengths, read_predictions(predictions))

    inputs = {"reference": reference, "durations": durations, "predictions": predictions}
    _show(scores, as_json, html, "Sound event detection", inputs, curves)


@score_app.command("seld")
def score_seld(
    reference: Annotated[Path, typer.Option(help="A CSV, or a folder of CSVs.")],
    predictions: Annotated[
        Path,
        typer.Option(help="The same, paired by name; with --oracle also saved frame outputs."),
    ],
    scorer: Annotated[
        str, typer.Option(help="dcase2019 ... dcase2024, or one of them with _fixed.")
    ],
    dialect: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="The columns of both: polar, polar_distance_cm, polar_distance_m, cartesian,"
            " cartesian_distance_m or dcase2019; none: those of the scorer's year."
        ),
    ] = None,
    prediction_dialect: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The columns of the predictions, where they differ."),
    ] = None,
    average: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="macro or micro; none: the year's."),
    ] = None,
    angles: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="How directions are compared: polar or cartesian; none: the year's."),
    ] = None,
    classes: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="The number of classes; none: the year's."),
    ] = None,
    frames_per_file: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Score so many frames of each file; none: the year's rule."),
    ] = None,
    frames_per_second: Annotated[
        int, typer.Option(min=1, help="Label frames; the files of 2019 have 50.")
    ] = 10,
    distance: Annotated[
        bool, typer.Option("--distance/--no-distance", help="Score distances where the year does.")
    ] = True,
    oracle: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Half a system: with ideal directions (doa) or ideal activity (sed)."),
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Of saved frame scores, with --oracle doa.")
    ] = 0.5,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    jackknife: Jackknife = True,
    as_json: Json = False,
    html: Html = None,
) -> None:
    """DCASE task 3 scores: ER20, F20, LE_CD, LR_CD and the SELD score, by the rules of a year."""
    from seldbench.evaluation import score_seld_files

    scores = score_seld_files(
        reference,
        predictions,
        scorer,
        dialect=dialect,
        prediction_dialect=prediction_dialect,
        average=average,
        angles=angles,
        classes=classes,
        frames_per_file=frames_per_file,
        frames_per_second=frames_per_second,
        with_distance=distance,
        oracle=oracle,
        threshold=threshold,
        budget=True,
        resampling=_resampling(bootstrap, seed, jackknife),
    )
    inputs = {"reference": reference, "predictions": predictions}
    _show(scores, as_json, html, f"Localization and detection, {scorer}", inputs)


@score_app.command("tagging")
def score_tagging(
    reference: Annotated[
        Path, typer.Option(help="filename and event_labels, label, or a column of 0 and 1 a class.")
    ],
    predictions: Annotated[
        Path, typer.Option(help="filename and a column of scores a class, or decided labels.")
    ],
    threshold: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Of scores, where labels are decided; one label a clip: the highest."),
    ] = None,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    jackknife: Jackknife = True,
    as_json: Json = False,
    html: Html = None,
) -> None:
    """Accuracy, mAP, mAUC, d' and F1 of clips' labels."""
    from seldbench.evaluation import score_tagging_files

    resampling = _resampling(bootstrap, seed, jackknife)
    scores = score_tagging_files(
        reference, predictions, threshold=threshold, resampling=resampling, progress=console
    )
    inputs = {"reference": reference, "predictions": predictions}
    _show(scores, as_json, html, "Tagging", inputs)


@score_app.command("sources")
def score_sources(
    reference: Annotated[
        Path, typer.Option(help="filename, source, label; azimuth, elevation, target if known.")
    ],
    predictions: Annotated[
        Path,
        typer.Option(
            help="filename, label; source, or answer with azimuth, where there are several."
        ),
    ],
    estimates: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A folder of separated signals."),
    ] = None,
    stems: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A folder of the true signals."),
    ] = None,
    mixtures: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A folder of the mixtures, for the improvement over them."),
    ] = None,
    oracle_direction: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The same system's answers with the true directions given."),
    ] = None,
    oracle_separation: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The same with the true separations: with both, errors are attributed."),
    ] = None,
    classes: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The data set's classes, one a line, to name those without a source."),
    ] = None,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    jackknife: Jackknife = True,
    as_json: Json = False,
    html: Html = None,
) -> None:
    """Accuracy of separated sources' classes, and SI-SDR of their signals."""
    from seldbench.evaluation import score_sources_files

    oracles = {"direction": oracle_direction, "separation": oracle_separation}
    scores = score_sources_files(
        reference,
        predictions,
        estimates=estimates,
        references=stems,
        mixtures=mixtures,
        oracles={name: path for name, path in oracles.items() if path is not None},
        classes=classes,
        resampling=_resampling(bootstrap, seed, jackknife),
    )
    inputs = {"reference": reference, "predictions": predictions}
    _show(scores, as_json, html, "Source classification and separation", inputs)


def _resampling(bootstrap: int, seed: int, jackknife: bool) -> "Resampling | None":
    from seldbench.evaluation import Resampling

    return Resampling(bootstrap, seed, jackknife) if bootstrap or jackknife else None


def _show(
    scores: "Scores",
    as_json: bool,
    html: Path | None,
    title: str,
    inputs: dict[str, Path],
    curves: Callable[[], dict[str, Any]] = dict,
) -> None:
    console.close()
    if html is not None:
        from seldbench.report.pages.scored import write_page

        names = {role: path.name for role, path in inputs.items()}
        write_page(html, scores, title=title, inputs=names, curves=curves())
    typer.echo(json.dumps(scores.as_json(), indent=1) if as_json else "\n".join(scores.lines()))
