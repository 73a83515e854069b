"""Work shared out over processes: in order, and none is left behind."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seldbench.errors import SeldbenchError
from seldbench.simulation.processes import workers

HERE = Path("here")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs):
    results = []
    with workers(int, (), jobs=jobs, folder=HERE) as share_out:
        share_out(math.sqrt, [1, 4, 9, 16, 25], results.append, chunk=2)
        share_out(math.sqrt, [100], results.append, chunk=2)
    assert results == [1, 2, 3, 4, 5, 10]


def test_a_process_that_dies_is_an_error_in_words():
    with (
        pytest.raises(SeldbenchError, match="here: a process that made clips ended early"),
        workers(int, (), jobs=2, folder=HERE) as share_out,
    ):
        share_out(os._exit, [1, 2], lambda result: None, chunk=1)


SLEEPERS = """
import os, sys, time
from pathlib import Path
from seldbench.simulation.processes import workers

def say(_):
    Path(sys.argv[1], str(os.getpid())).write_text("")
    time.sleep(0.2)

if __name__ == "__main__":
    with workers(int, (), jobs=2, folder=Path()) as share_out:
        share_out(say, range(10_000), lambda result: None, chunk=1)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks /proc which processes there are")
def test_processes_end_with_the_one_that_started_them_however_it_ends(tmp_path):
    (tmp_path / "sleepers.py").write_text(SLEEPERS)
    (tmp_path / "pids").mkdir()
    parent = subprocess.Popen([sys.executable, tmp_path / "sleepers.py", tmp_path / "pids"])
    while len(pids := [path.name for path in (tmp_path / "pids").iterdir()]) < 2:
        assert parent.poll() is None
        time.sleep(0.05)

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    deadline = time.monotonic() + 30
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid):
    """There, and not only waiting to be asked how it ended."""
    try:
        return Path("/proc", pid, "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
