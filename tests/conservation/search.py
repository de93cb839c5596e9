"""Many schedules of one seed: which of them break a promise, and what happened in the shortest of each kind.

They are the same ones for a seed and the code as it is: of what a run finds, the next one finds it too.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from contracts.message import Event
from tests.conservation.invariants import findings
from tests.conservation.plans import Plan, plans
from tests.conservation.world import World
from workers.domain import contexts

SAGAS = [saga for context in contexts().values() for saga in context.sagas]


@dataclass
class Found:
    """`met` counts the events that met an instance of a saga in a status; `broken` the schedules with a finding of a
    kind, `shortest` is a schedule of each.
    """

    met: Counter[tuple[str, str, type[Event]]] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    shortest: dict[str, World] = field(default_factory=dict)

    def note(self, world: World) -> None:
        self.met.update(world.met)
        for finding in findings(world)[:1]:
            kind = re.sub(r"\d+", "N", finding)[:60]
            self.broken[kind] += 1
            before = self.shortest.get(kind)
            if before is None or len(world.moves) < len(before.moves):
                self.shortest[kind] = world


def searched(number: int, schedules: int, drawn: st.SearchStrategy[Plan] = plans) -> Found:
    """All that is found in so many schedules."""
    summary = Found()
    _drawn(number, schedules, drawn, summary.note, [Phase.generate])
    return summary


def kept(number: int, schedules: int, drawn: st.SearchStrategy[Plan] = plans) -> Found:
    """As `searched`. Raises AssertionError at a promise that is broken, with the smallest schedule that breaks it."""
    summary = Found()

    def note(world: World) -> None:
        assert not findings(world), story(world)
        summary.note(world)

    _drawn(number, schedules, drawn, note, [Phase.generate, Phase.shrink])
    return summary


def _drawn(
    number: int,
    schedules: int,
    drawn: st.SearchStrategy[Plan],
    note: Callable[[World], None],
    phases: Sequence[Phase],
) -> None:
    @seed(number)
    @settings(
        max_examples=schedules,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(plan=drawn)
    def schedule(plan: Plan) -> None:
        world = World(plan, SAGAS)
        world.run()
        note(world)

    schedule()


def story(world: World) -> str:
    """A failing schedule for people."""
    moves = "\n".join(" ".join(map(str, move)) for move in world.moves)
    return "\n".join(["", *findings(world), "the plan:", str(world.plan), "what happened:", moves])
