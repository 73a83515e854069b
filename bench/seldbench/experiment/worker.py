"""One stage trained in a process of its own, which tells the one that started it how far it is."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from seldbench.errors import BadRun, SeldbenchError
from seldbench.experiment import graph
from seldbench.experiment.answers import Answers
from seldbench.experiment.assembly import assemble, input_sizes, load_trained
from seldbench.experiment.keys import Node
from seldbench.experiment.preparing import Data, prepare
from seldbench.experiment.run import Experiment
from seldbench.recipe import Recipe

PATIENCE = 10.0  # seconds to end in order when the one that started it is gone


@dataclass(frozen=True)
class Task:
    """A stage to be trained. reopen: the run's data, opened where it is called; fold: of it."""

    recipe: Recipe
    reopen: Callable[[], Data]
    seed: int
    folder: Path
    fold: int
    name: str
    key: str
    parents: tuple[str, ...]
    retrain: bool

    @property
    def label(self) -> str:
        """What its lines begin with."""
        return f"{self.name} {self.key[:6]}"


def work(task: Task, pipe: Connection) -> None:
    """Train a stage; the last message is ("done",) or ("failed", kind of error, words)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it hears it and ends this
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        train(task, Told(pipe))
        said: tuple[str, ...] = ("done",)
    except SeldbenchError as error:
        said = ("failed", type(error).__name__, str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        said = ("failed", "SeldbenchError", f"{where}{error.strerror or error}")
    except Exception:
        said = ("failed", "SeldbenchError", f"stage {task.name}: {traceback.format_exc()}")
    pipe.send(said)


def train(task: Task, progress: "Told") -> None:
    """As `run` does it, with no other stage than those that this one hears."""
    experiment = Experiment(task.recipe, task.reopen(), task.seed, task.folder)
    known = {node.key: node for node in experiment.nodes(task.fold)}
    if task.key not in known:
        raise BadRun(
            f"stage {task.name} [{task.key}]: its data, or a file of weights, changed while it"
            " waited; start the same command again"
        )
    node, data = known[task.key], experiment.of_fold(task.fold)
    answers = Answers(task.recipe, {}, graph.best_device(), progress)
    _let_answer(node, task.recipe, data.dataset.classes, answers)
    prepared = prepare(task.recipe, node.stage, data, task.seed)
    graph.execute(node, prepared, answers, progress, retrain=task.retrain)


def _let_answer(node: Node, recipe: Recipe, classes: tuple[str, ...], answers: Answers) -> None:
    """Fill in the finished stages that one hears, and those that these hear."""
    stage = node.stage
    heard = {given.stage for given in stage.inputs.values() if given.stage}
    heard |= {pseudo.stage for pseudo in stage.labels.values()}
    for name in sorted(heard - set(answers.trained)):
        parent = node.parents[name]
        assembly = assemble(parent.stage, classes, 0, input_sizes(recipe, parent.stage, classes))
        load_trained(assembly, parent.folder)
        answers.trained[name] = assembly
        _let_answer(parent, recipe, classes, answers)


class Told:
    """A Progress at the other end of a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def say(self, line: str) -> None:
        self._send("say", line)

    def advance(self, task: str, done: int, total: int, note: str = "") -> None:
        self._send("advance", task, done, total, note)

    def _send(self, *message: Any) -> None:
        try:
            self._pipe.send(message)
        except BrokenPipeError:  # nobody listens any more: this process is about to end, too
            sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    # An error that nothing on its way takes for one: half files are removed, locks are given back.
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """Stop when the process that started this one is gone, however it ended."""
    parent = parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(PATIENCE)
    os._exit(1)
