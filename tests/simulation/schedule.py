"""One schedule from its seed to its verdict, and how a failing one is made smaller."""

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeVar

from tests.simulation.commands import drawn_orders
from tests.simulation.evidence import at_rest, evidence_of
from tests.simulation.faults import drawn_faults, drawn_losses, drawn_shortenings, said
from tests.simulation.findings import Finding
from tests.simulation.invariants import findings
from tests.simulation.silence import heard
from tests.simulation.statistics import counted, metrics
from tests.simulation.world import Plan, World

MOST_RUNS_TO_SHRINK = 300

Item = TypeVar("Item")


class Verdict(NamedTuple):
    """What came of a schedule. `digest` is of all that happened, and of what it left behind, when it was traced."""

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
    orders = drawn_orders(chance)
    busy = [order.at for order in orders]
    faults = [
        *drawn_faults(chance, busy),
        *drawn_losses(Random(f"{seed} losses"), busy),
        *drawn_shortenings(Random(f"{seed} shortenings"), busy),
    ]
    return Plan(seed, tuple(orders), tuple(sorted(faults)))


def run(plan: Plan, *, trace: bool = False) -> Verdict:
    """Run a plan and judge what it leaves behind."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        before = metrics()
        world = World(plan, trace=trace)
        with heard(world.note if trace else None) as bugs:
            world.run(at_rest)
        evidence = evidence_of(world, [*bugs, *world.loop.errors])
        if trace:
            for record in (record for records in (*evidence.commands, *evidence.log) for record in records):
                world.note("left", record)
            world.note("left", evidence.outcomes, sorted(evidence.documents.items()), sorted(evidence.entries))
        verdict = Verdict(plan, findings(evidence), counted(world, before), world.trace or ())
        world.bury()
        return verdict
    finally:
        if collecting:
            gc.enable()


def shrunk(plan: Plan, kind: str) -> Plan:
    """A smaller plan that leads to the same kind of finding: fewer faults first, then fewer commands."""
    runs = 0

    def still_fails(candidate: Plan) -> bool:
        nonlocal runs
        runs += 1
        return runs <= MOST_RUNS_TO_SHRINK and any(found.kind == kind for found in run(candidate).findings)

    def smaller(bigger: Plan) -> Plan:
        faults = _fewer(bigger.faults, lambda kept: still_fails(bigger._replace(faults=tuple(kept))))
        calmer = bigger._replace(faults=tuple(faults))
        orders = _fewer(bigger.orders, lambda kept: still_fails(calmer._replace(orders=tuple(kept))))
        return calmer._replace(orders=tuple(orders))

    while (found := smaller(plan)) != plan:
        plan = found
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


def described(verdict: Verdict) -> str:
    """A failing schedule for people: what is wrong, the smaller plan, and the command that shows it again."""
    first = verdict.findings[0]
    smaller = shrunk(verdict.plan, first.kind)
    left_faults = [verdict.plan.faults.index(fault) for fault in smaller.faults]
    left_orders = [verdict.plan.orders.index(order) for order in smaller.orders]
    keep = f" --faults {_listed(left_faults)} --orders {_listed(left_orders)}"
    return "\n".join(
        [
            f"seed {verdict.plan.seed}:",
            *(f"  {finding}" for finding in verdict.findings),
            "the same kind of finding is still there with these faults:",
            said(smaller.faults),
            "and these commands:",
            *(f"  {order}" for order in smaller.orders),
            f"again:   .venv/bin/python -m tests.simulation --seed {verdict.plan.seed} --trace",
            f"smaller: .venv/bin/python -m tests.simulation --seed {verdict.plan.seed} --trace{keep}",
        ]
    )


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers)) or "none"


def reduced(plan: Plan, faults: str | None, orders: str | None) -> Plan:
    """The plan with only those of its faults and orders that are listed, as `described` prints them."""
    return plan._replace(
        faults=_chosen(plan.faults, faults),
        orders=_chosen(plan.orders, orders),
    )


def _chosen(items: tuple[Item, ...], listed: str | None) -> tuple[Item, ...]:
    if listed is None:
        return items
    return tuple(items[int(each)] for each in listed.split(",") if each != "none")
