"""Control runs of `annals verify`: whatever kind of thing is broken by hand after a schedule, verify names it.

A kind of finding without a breakage fails here. So does one that cannot be broken on the in-memory servers, until
`ON_REAL_SERVERS` says why and which test covers it; there is none today.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.simulation.agreement import not_named
from tests.simulation.breakages import BREAKAGES, CONSEQUENCES
from tests.simulation.breakages.of_read_models import add_a_value, change_a_value, remove_a_value
from tests.simulation.breakages.of_sagas import set_a_saga_lane_back, swap_two_entries
from tests.simulation.breakages.of_the_log import set_a_lane_back
from tests.simulation.breakages.parts import LANE
from tests.simulation.calm_schedule import calm_world
from tests.simulation.captured_logs import quiet_logs
from tests.simulation.commands import COMMANDS
from tests.simulation.evidence import at_rest, evidence_of
from tests.simulation.invariants import findings
from tests.simulation.killed_process import discard
from tests.simulation.operations import repaired, sources_of, verified
from tests.simulation.roles import Servers
from tests.simulation.world import World
from workers.operations.verification.advice import ADVICE
from workers.operations.verification.findings import FindingKind as Kind
from workers.operations.verification.findings import WrongSection
from workers.ports.lanes import LaneKey

ROOT = Path(__file__).parents[2]
ON_REAL_SERVERS: Mapping[Kind, tuple[str, str]] = {}
"""Kinds that cannot exist in memory: the reason, and the test (a path) that breaks such a thing on real servers."""

SEEN_BY_VERIFY_ALONE = frozenset(
    {
        Kind.TOPIC_MISFIT,
        Kind.INTERRUPTED,
        Kind.SNAPSHOT_DIFFERS,
        Kind.SAGA_AHEAD,
        Kind.INSTANCE_DIFFERS,
        Kind.JOURNAL_DIFFERS,
        Kind.INTERNAL_EVENT_FORGED,
        Kind.DEADLINE_LEFT_OVER,
        Kind.DEADLINE_DIFFERS,
        Kind.ENDLESS,
        Kind.STEP_DIFFERS,
        Kind.READ_MODEL_AHEAD,
        Kind.ANALYTICS_BEHIND,
        Kind.WINDOW_MISSING,
        Kind.WINDOW_LEFT_OVER,
        Kind.WINDOW_DIFFERS,
        Kind.PARKED,
        Kind.CODE_RAISES,
    }
)
"""Where no invariant of the simulation looks."""

REPAIRED = [kind for kind in Kind if kind not in ADVICE]


@pytest.fixture
def world() -> Iterator[World]:
    with quiet_logs():
        world = calm_world()
        yield world
        for process in world.processes:
            discard(process)


def test_nothing_is_named_before_anything_is_broken(world: World) -> None:
    assert world.rested
    assert not findings(evidence_of(world, []))
    assert not verified(sources_of(world.servers)).counts


@pytest.mark.parametrize("kind", Kind)
def test_what_is_broken_is_named(kind: Kind, world: World) -> None:
    if kind in ON_REAL_SERVERS:
        assert (ROOT / ON_REAL_SERVERS[kind][1]).exists()
        return
    sources = BREAKAGES[kind](world.servers) or sources_of(world.servers)
    verdict = verified(sources)
    assert {Kind(name) for name in verdict.counts} == {kind, *CONSEQUENCES.get(kind, ())}
    world.rested = at_rest(world)
    broken = findings(evidence_of(world, []))
    assert bool(broken) is (kind not in SEEN_BY_VERIFY_ALONE), "whether an invariant of the simulation finds it too"
    assert not list(not_named(broken, verdict))


def test_a_journal_whose_entries_of_one_lane_are_out_of_order_is_named(world: World) -> None:
    swap_two_entries(world.servers)
    verdict = verified(sources_of(world.servers))
    assert verdict.counts == {Kind.JOURNAL_DIFFERS: 1}
    broken = findings(evidence_of(world, []))
    assert [finding.kind for finding in broken] == ["a journal out of order"]
    assert not list(not_named(broken, verdict))


@pytest.mark.parametrize(("breakage", "things"), [(set_a_lane_back, "events"), (set_a_saga_lane_back, "steps")])
def test_a_lane_of_either_role_that_was_set_back_is_named_once_with_the_number_to_set(
    breakage: Callable[[Servers], None], things: str, world: World
) -> None:
    breakage(world.servers)
    (finding,) = verified(sources_of(world.servers)).examples
    assert finding.what == Kind.LANE_SET_BACK
    assert re.search(rf"its row says \d+, its {things} reach \d+", finding.explanation)


def test_a_lane_whose_row_is_gone_is_named(world: World) -> None:
    del world.servers.table.lanes[LaneKey("command", COMMANDS, LANE)]
    assert Kind.LANE_SET_BACK in verified(sources_of(world.servers)).counts


@pytest.mark.parametrize(
    ("breakage", "kind"),
    [
        (remove_a_value, Kind.DOCUMENT_MISSING),
        (add_a_value, Kind.DOCUMENT_LEFT_OVER),
        (change_a_value, Kind.DOCUMENT_DIFFERS),
    ],
)
def test_a_value_of_a_section_is_named_and_right_after_a_repair(
    breakage: Callable[[Servers], None], kind: Kind, world: World
) -> None:
    breakage(world.servers)
    sources = sources_of(world.servers)
    verdict = verified(sources)
    assert {Kind(name) for name in verdict.counts} == {kind}
    assert all(isinstance(target, WrongSection) for target in verdict.targets)
    assert [finding.kind for finding in findings(evidence_of(world, []))] == ["sections unlike the fold"]
    assert not asyncio.run(repaired(world.servers, verdict, sources)).examples
    assert not findings(evidence_of(world, []))


@pytest.mark.parametrize("kind", REPAIRED)
def test_what_can_be_repaired_is_right_after_a_repair(kind: Kind, world: World) -> None:
    sources = BREAKAGES[kind](world.servers) or sources_of(world.servers)
    after = asyncio.run(repaired(world.servers, verified(sources), sources))
    assert not after.examples
    assert not findings(evidence_of(world, []))
