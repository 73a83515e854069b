"""The command line: a command parses, calls one function and prints. Heavy imports live inside."""

import json
from pathlib import Path
from typing import Annotated, Optional, TypeVar

import typer

from seldbench.cli.compare import compare
from seldbench.cli.ensemble import ensemble
from seldbench.cli.options import LARGEST, REPORTS, RUNS, DataRoot, Json, console
from seldbench.cli.pair import pair
from seldbench.cli.profile import profile
from seldbench.cli.reproduce import reproduce
from seldbench.cli.score import score_app
from seldbench.cli.simulate import data_simulate
from seldbench.cli.stages import stages_app
from seldbench.cli.submission import check_submission

Named = TypeVar("Named", int, str)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Train, predict, score and compare systems for sound event detection (SED) and"
    " localization (SELD) in one protocol.",
)
data_app = typer.Typer(no_args_is_help=True, help="Fetch, check or simulate data sets.")
app.command("compare")(compare)
app.command("check-submission")(check_submission)
app.command("ensemble")(ensemble)
app.command("pair")(pair)
app.command("profile")(profile)
app.command("reproduce")(reproduce)
app.add_typer(data_app, name="data")
data_app.command("simulate")(data_simulate)
app.add_typer(score_app, name="score")
app.add_typer(stages_app, name="stages")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from seldbench import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(
    arch: Annotated[str, typer.Option(help="The architecture: `seldbench list architectures`.")],
    dataset: Annotated[str, typer.Option(help="The data set: `seldbench list datasets`.")],
    variant: Annotated[
        str, typer.Option(help="Variants, comma separated; first one if absent.")
    ] = "",
    seed: Annotated[str, typer.Option(help="Seeds, comma separated.")] = "0",
    set_: Annotated[
        list[str], typer.Option("--set", help="key=value on top of the recipe; repeatable.")
    ] = [],  # noqa: B006
    layout: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="What it must hear, foa or mic: picks the variant if none is named."),
    ] = None,
    init: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="First weights: a released file (.pth, .safetensors) where the recipe starts from"
            " it, or the release's name to download it; a run; or none for random ones (the row"
            " says so)."
        ),
    ] = None,
    size: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="tiny, small or base, where the architecture has sizes."),
    ] = None,
    fold: Annotated[
        str, typer.Option(help="Folds, comma separated from 0; all of them if absent.")
    ] = "",
    limit: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Use only so many clips of each split (the row says so)."),
    ] = None,
    data_root: DataRoot = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the resolved recipe and the plan; train nothing."),
    ] = False,
    retrain: Annotated[
        bool,
        typer.Option("--retrain", help="Train anew what the source changed for since."),
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Stages that are trained side by side.")] = 1,
) -> None:
    """Train, predict and score; start it again after an interruption and it goes on."""
    from seldbench.experiment.start import start

    for line in start(
        arch,
        dataset,
        RUNS,
        console,
        variants=_once([name for name in variant.split(",") if name], "--variant"),
        seeds=_once(_numbers(seed, "--seed", "0,1,2"), "--seed"),
        settings=set_,
        layout=layout,
        init=init,
        size=size,
        folds=_numbers(fold, "--fold", "0,1") if fold else None,
        limit=limit,
        data_root=data_root,
        dry_run=dry_run,
        retrain=retrain,
        jobs=jobs,
    ):
        console.close()
        typer.echo(line)


@app.command()
def predict(
    run: Annotated[str, typer.Argument(help="A run's name or folder.")],
    files: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(
            help="Recordings: any for SED and tagging, 4 channels for SELD, 8 for separation."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("."),
    resample: Annotated[
        bool, typer.Option("--resample", help="SELD, separation: take recordings of another rate.")
    ] = False,
    channels: Annotated[
        str,
        typer.Option(
            help="SELD, separation: which channels, from 1 and in the layout's order, such as"
            " 1,2,3,4; as many as the run hears."
        ),
    ] = "",
    mic: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(
            help="SELD systems that hear both: the microphones' recording of a file; repeatable."
        ),
    ] = None,
    probe: Annotated[
        str,
        typer.Option(help="Instead of files: the test split heard otherwise, such as rows (SED)."),
    ] = "",
    data_root: DataRoot = None,
) -> None:
    """Events, directions, labels or separated sources, scores and a picture of one's own
    recordings."""
    if bool(files) == bool(probe):
        raise typer.BadParameter("name recordings, or else --probe for the test split")
    if probe:
        from seldbench.experiment.probing import probe as probe_run

        found = probe_run(run, probe, RUNS, data_root, console)
        console.close()
        typer.echo(found)
        return
    from seldbench.listen import listen

    assert files is not None
    picked = tuple(_numbers(channels, "--channels", "1,2,3,4")) if channels else None
    for written in listen(
        run,
        files,
        out,
        runs=RUNS,
        progress=console,
        resample=resample,
        channels=picked,
        mic=mic or (),
    ):
        console.close()
        typer.echo(written)


@app.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="The release: `seldbench list imports`.")],
    weights: Annotated[Path, typer.Argument(help="The released file.")],
    dataset: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The set to fit the scaling on and to score; none: the release's own."),
    ] = None,
    set_: Annotated[
        list[str], typer.Option("--set", help="key=value on top of the recipe; repeatable.")
    ] = [],  # noqa: B006
    data_root: DataRoot = None,
) -> None:
    """Released weights become a run: it predicts, compares, and can be trained on (--init)."""
    from seldbench.experiment.importing import import_weights

    for line in import_weights(
        kind, weights, RUNS, console, dataset=dataset, data_root=data_root, settings=set_
    ):
        console.close()
        typer.echo(line)


@app.command()
def publish(
    run: Annotated[str, typer.Argument(help="A finished run's name or folder.")],
    out: Annotated[Path, typer.Option(help="The reports' folder.")] = REPORTS,
    audio: Annotated[
        bool,
        typer.Option(
            "--audio", help="Sounds of the shown clips, of recordings too: for yourself alone."
        ),
    ] = False,
    data_root: DataRoot = None,
) -> None:
    """Copy what pages need of a run, renew the leaderboard and the pages."""
    from seldbench.publishing import publish_run

    typer.echo(publish_run(run, RUNS, out, data_root, every_sound=audio))


@app.command()
def report(
    reports: Annotated[Path, typer.Option(help="The reports' folder.")] = REPORTS,
    out: Annotated[Optional[Path], typer.Option(help="Where the pages go.")] = None,  # noqa: UP045
) -> None:
    """Render leaderboard, figures and pages anew from the reports' folder alone."""
    from seldbench.publishing import render_all

    typer.echo(render_all(reports, out))


@app.command("list")
def list_(
    kind: Annotated[
        str,
        typer.Argument(
            help="architectures, datasets, features, formats, imports, recipes, tables or weights."
        ),
    ],
) -> None:
    """What there is, of every installed plug-in."""
    from seldbench.listing import lines

    for line in lines(kind):
        typer.echo(line)


@data_app.command("check")
def data_check(
    dataset: Annotated[str, typer.Argument(help="The data set.")],
    data_root: DataRoot = None,
    deep: Annotated[bool, typer.Option("--deep", help="Decode and hash every file.")] = False,
    as_json: Json = False,
) -> None:
    """What is there and what is missing or wrong; exit 1 if anything is."""
    from seldbench.datacheck import check
    from seldbench.datasets import open_dataset

    found = check(open_dataset(dataset, data_root), deep=deep, progress=console)
    console.close()
    typer.echo(json.dumps(found.as_json(), indent=1) if as_json else "\n".join(found.lines()))
    if not found.ok:
        raise typer.Exit(1)


@data_app.command("fetch")
def data_fetch(
    dataset: Annotated[str, typer.Argument(help="A published set, such as tnsse2021.")],
    parts: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Comma separated, such as foa,metadata or foa_eval; none: the usual ones."
        ),
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Download a data set's archives, check and unpack them; start it again and it goes on."""
    from seldbench.fetching import fetch

    chosen = None if parts is None else [p.strip() for p in parts.split(",") if p.strip()]
    if chosen == []:
        raise typer.BadParameter(f"--parts {parts!r}: expected some, such as foa,metadata")
    folder = fetch(dataset, data_root, chosen, console)
    console.close()
    typer.echo(folder)


def _once(named: list[Named], option: str) -> list[Named]:
    """What is named in a list, each once."""
    twice = next((one for one in named if named.count(one) > 1), None)
    if twice is not None:
        raise typer.BadParameter(f"{option}: {twice} is named twice; name each once")
    return named


def _numbers(text: str, option: str, example: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) <= LARGEST for part in parts):
        raise typer.BadParameter(
            f"{option} {text!r}: expected whole numbers from 0 to {LARGEST}, such as {example}"
        )
    return [int(part) for part in parts]
