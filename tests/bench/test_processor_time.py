"""The processor time of a process counts that of its children, also of those that have ended."""

import subprocess
import sys

import psutil

from infra.measuring.bench.processor_time import Meter, Stretch, tree_seconds

BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nprint('done', flush=True)\ninput()"


def test_of_children_that_have_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert tree_seconds(psutil.Process(parent.pid)) >= 0.3
        parent.kill()


def test_of_a_process_that_is_gone_is_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        child.kill()
    assert tree_seconds(process) == 0.0


def test_is_measured_by_name() -> None:
    stretch = Meter({"ours": psutil.Process()}).read()
    assert set(stretch.cpu_seconds) == {"ours"}
    assert 0 <= stretch.busy <= 1


def test_is_divided_by_the_work() -> None:
    stretch = Stretch(2.0, {"worker": 0.5, "postgres": 1.5}, 0.75)
    assert stretch.microseconds_each(1000) == {"worker": 500.0, "postgres": 1500.0}
    assert stretch.used == 1.0 / psutil.cpu_count()
