"""The leaderboard while several processes publish: none of their rows is lost, whoever dies."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from seldbench.report.results import leaderboard
from seldbench.storage import is_locked

PUBLISH = """
import sys
from pathlib import Path
from seldbench.report.publish import publish
Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
for run in sys.argv[2:]:
    Path(sys.argv[1], Path(run).name).touch()
    publish(Path(run), Path(sys.argv[1]))
"""
# Killed between the score file and the leaderboard, as by a full memory.
KILLED = """
import os, signal, sys
from pathlib import Path
from seldbench.report.results import leaderboard
from seldbench.report.publish import publish
leaderboard.write = lambda out: os.kill(os.getpid(), signal.SIGKILL)
publish(Path(sys.argv[2]), Path(sys.argv[1]))
"""
# Writes the rows that it read some time after another process began to publish.
SLOW = """
import sys, time
from pathlib import Path
from seldbench.report.results import leaderboard
reading = leaderboard.rows
def slow(reports):
    table = reading(reports)
    Path(sys.argv[1], "read").touch()
    while not Path(sys.argv[1], "r1").exists():
        time.sleep(0.05)
    time.sleep(2)
    return table
leaderboard.rows = slow
leaderboard.renew(Path(sys.argv[1]))
"""


def begin(code, *words):
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def end(process):
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


def rows(out):
    return sorted(pd.read_csv(out / "leaderboard.csv").run)


def test_four_processes_that_publish_two_runs_each_lose_none(write_run, tmp_path):
    out, runs = tmp_path / "out", [write_run(f"r{i}", seed=i) for i in range(8)]
    for process in [begin(PUBLISH, out, *runs[i::4]) for i in range(4)]:
        end(process)
    assert rows(out) == [f"r{i}" for i in range(8)]
    assert not list(out.rglob("*.part"))


def test_one_that_is_killed_before_it_wrote_the_leaderboard_is_in_it_with_the_next(
    write_run, tmp_path
):
    out, runs = tmp_path / "out", [write_run(f"r{i}", seed=i) for i in range(3)]
    end(begin(PUBLISH, out, runs[0]))
    killed = begin(KILLED, out, runs[1])
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    # What stood there is whole, and the lock is nobody's.
    assert rows(out) == ["r0"]
    assert not is_locked(out / leaderboard.LOCK)
    end(begin(PUBLISH, out, runs[2]))
    assert rows(out) == ["r0", "r1", "r2"]


def test_a_report_that_read_before_another_published_does_not_take_its_row_away(
    write_run, tmp_path
):
    out, runs = tmp_path / "out", [write_run(f"r{i}", seed=i) for i in range(2)]
    end(begin(PUBLISH, out, runs[0]))
    slow = begin(SLOW, out)
    deadline = time.monotonic() + 60
    while not (out / "read").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    publishing = begin(PUBLISH, out, runs[1])
    end(slow)
    end(publishing)
    assert rows(out) == ["r0", "r1"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_order_of_publishing_changes_neither_rows_nor_columns(
    write_run, write_spatial_run, write_tagging_run, publish_scores, order
):
    runs = [write_run("a"), write_spatial_run("b"), write_tagging_run("c")]
    reports = publish_scores(*(runs[i] for i in order))
    table = leaderboard.rows(reports)
    assert sorted(table.run) == ["a", "b", "c"]
    columns = list(table.columns)
    places = [columns.index(c) for c in ("run", "psds1", "er20", "accuracy", "interval")]
    assert places == sorted(places)
    assert columns[-3:] == ["sounds", "fingerprint", "seldbench"]
