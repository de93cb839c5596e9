"""One schedule from its seed to its result, and how a failing plan is made smaller."""

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from tests.simulation.agreement import disagreements
from tests.simulation.captured_logs import collected_bugs
from tests.simulation.commands import drawn_submissions
from tests.simulation.event_counts import counted, metrics
from tests.simulation.evidence import at_rest, evidence_of
from tests.simulation.faults import drawn_faults, drawn_losses, drawn_shortenings, listed
from tests.simulation.findings import Finding
from tests.simulation.invariants import findings
from tests.simulation.world import Plan, World

MOST_RUNS_TO_SHRINK = 300

Item = TypeVar("Item")


class ScheduleResult(NamedTuple):
    """The result of a schedule. `digest`: of the trace, if there is one."""

    plan: Plan
    findings: Sequence[Finding]
    counts: Counter[str]
    trace: Sequence[str]

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def planned(seed: int) -> Plan:
    """The plan of a seed."""
    chance = Random(f"{seed} plan")
    submissions = drawn_submissions(chance)
    busy = [submission.at for submission in submissions]
    faults = [
        *drawn_faults(chance, busy),
        *drawn_losses(Random(f"{seed} losses"), busy),
        *drawn_shortenings(Random(f"{seed} shortenings"), busy),
    ]
    return Plan(seed, tuple(submissions), tuple(sorted(faults)))


def run(plan: Plan, *, trace: bool = False) -> ScheduleResult:
    """Run a plan and check what it leaves on the servers."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        before = metrics()
        world = World(plan, trace=trace)
        with collected_bugs(world.note if trace else None) as bugs:
            world.run(at_rest)
        evidence = evidence_of(world, [*bugs, *world.loop.errors])
        if trace:
            for record in (record for records in (*evidence.commands, *evidence.log) for record in records):
                world.note("left", record)
            world.note("left", evidence.outcomes, sorted(evidence.documents.items()), sorted(evidence.entries))
        broken, counts = findings(evidence), counted(world, before)
        broken += disagreements(world.servers, evidence, broken)
        result = ScheduleResult(plan, broken, counts, world.trace or ())
        world.discard()
        return result
    finally:
        if collecting:
            gc.enable()


def shrunk(plan: Plan, kind: str) -> Plan:
    """A smaller plan that leads to the same kind of finding: fewer faults first, then fewer commands."""
    runs = 0

    def still_fails(candidate: Plan) -> bool:
        nonlocal runs
        runs += 1
        return runs <= MOST_RUNS_TO_SHRINK and any(finding.kind == kind for finding in run(candidate).findings)

    def smaller(bigger: Plan) -> Plan:
        faults = _fewer(bigger.faults, lambda kept: still_fails(bigger._replace(faults=tuple(kept))))
        calmer = bigger._replace(faults=tuple(faults))
        submissions = _fewer(bigger.submissions, lambda kept: still_fails(calmer._replace(submissions=tuple(kept))))
        return calmer._replace(submissions=tuple(submissions))

    while (candidate := smaller(plan)) != plan:
        plan = candidate
    return plan


def _fewer(items: Sequence[Item], fails: Callable[[Sequence[Item]], bool]) -> Sequence[Item]:
    """Leave out all, then halves, quarters, …, single items, as long as it fails."""
    size = len(items)
    while size:
        place = 0
        while place < len(items):
            kept = [*items[:place], *items[place + size :]]
            if fails(kept):
                items = kept
            else:
                place += size
        size //= 2
    return items


def described(result: ScheduleResult) -> str:
    """A failing schedule as text: what is wrong, the smaller plan, and the commands that show it again."""
    first = result.findings[0]
    smaller = shrunk(result.plan, first.kind)
    left_faults = [result.plan.faults.index(fault) for fault in smaller.faults]
    left_submissions = [result.plan.submissions.index(submission) for submission in smaller.submissions]
    keep = f" --faults {_listed(left_faults)} --submissions {_listed(left_submissions)}"
    return "\n".join(
        [
            f"seed {result.plan.seed}:",
            *(f"  {finding}" for finding in result.findings),
            "the same kind of finding is still there with these faults:",
            listed(smaller.faults),
            "and these commands:",
            *(f"  {submission}" for submission in smaller.submissions),
            f"again:   .venv/bin/python -m tests.simulation --seed {result.plan.seed} --trace",
            f"smaller: .venv/bin/python -m tests.simulation --seed {result.plan.seed} --trace{keep}",
        ]
    )


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers)) or "none"


def reduced(plan: Plan, faults: str | None, submissions: str | None) -> Plan:
    """The plan with only those of its faults and submissions that are listed, as `described` prints them."""
    return plan._replace(
        faults=_chosen(plan.faults, faults),
        submissions=_chosen(plan.submissions, submissions),
    )


def _chosen(items: tuple[Item, ...], chosen: str | None) -> tuple[Item, ...]:
    if chosen is None:
        return items
    return tuple(items[int(number)] for number in chosen.split(",") if number != "none")
