"""The processor time of a process counts that of its children, also of those that have ended."""

import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple, cast

import psutil
import pytest

from infra.measuring.bench.processor_time import Meter, ProcessEnded, Stretch, measurable, tree_seconds

BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nprint('done', flush=True)\ninput()"


def test_of_children_that_have_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        ours = psutil.Process(parent.pid)
        assert tree_seconds(ours) >= 0.3
        alone = Meter({}, alone={"ours": ours}).read()
        assert set(alone.cpu_seconds) == {"ours"}
        parent.kill()


class Times(NamedTuple):
    user: float
    system: float
    children_user: float = 0.0
    children_system: float = 0.0


class Parent:
    """A process with a child that ends, and is waited for, while the first reading goes on."""

    def __init__(self) -> None:
        self.ended = False

    def cpu_times(self) -> Times:
        return Times(1.0, 0.5, 2.0 if self.ended else 0.0)

    def children(self, *, recursive: bool) -> Sequence["Child"]:
        assert recursive
        return [] if self.ended else [Child(self)]


class Child:
    def __init__(self, parent: Parent) -> None:
        self._parent = parent

    def cpu_times(self) -> Times:
        self._parent.ended = True
        raise psutil.NoSuchProcess(1)


def test_of_a_child_that_ends_between_two_readings_is_not_lost() -> None:
    assert tree_seconds(cast(psutil.Process, Parent())) == 3.5


def test_of_a_process_that_has_ended_is_an_error_that_names_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        meter = Meter({"the worker": psutil.Process(child.pid)})
        child.kill()
    with pytest.raises(ProcessEnded, match="the worker has ended while it was measured"):
        meter.read()


def test_is_measured_by_name() -> None:
    stretch = Meter({"ours": psutil.Process()}).read()
    assert set(stretch.cpu_seconds) == {"ours"}
    assert 0 <= stretch.busy <= 1


def test_is_divided_by_the_work() -> None:
    stretch = Stretch(2.0, {"worker": 0.5, "postgres": 1.5}, 0.75)
    assert stretch.microseconds_each(1000) == {"worker": 500.0, "postgres": 1500.0}
    assert stretch.used == 1.0 / psutil.cpu_count()


def test_of_a_few_clock_ticks_cannot_be_compared() -> None:
    assert measurable({"worker": 0.5, "redis": 0.01}) == {"worker"}
