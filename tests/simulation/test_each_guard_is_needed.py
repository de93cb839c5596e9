"""Control runs: without any one of its guards Annals breaks an invariant, and the simulation notices.

Each guard is turned off by what `guards.py` puts in its place. With the seeds from 1 on, this one noticed it first:

    the epoch of a command lane           8   a log that is ahead of the table
    the epoch of a saga lane             18   a saga that has seen events twice
    stored outcomes                       2   another outcome than the first one
    the look-up of outcomes               2   a lane that stands still: the primary key rejects its repeats for ever
    the primary key of outcomes           2   a repeat of which the table was not asked is handled again
    the first event of a new stream       8   a user who exists and is not found
    unique_claims                          1   two users with one address
    the projection's sequence             6   a read model set back by a late repeat
    the saga's sequence                   8   a saga that has seen events twice; the welcome alone would hardly show it,
                                              for its state and its derived ids make a repeat quiet
    holes filled from the table         308   what the broker has lost is missing in the read model
    the checkpoint's guard               26   documents of a paused owner over those of the next
    the checkpoint's WATCH              275   a read model emptied between the look at the checkpoint and the write
    an idle look at the checkpoint        5   an emptied read model that no worker builds again
    a look at what the store has lost     6   a document that is gone for good
    an idle look at a section's          11   an emptied section that no worker counts again
    checkpoint
    a look at what a section has lost    14   a value that is gone for good
    a lost document is folded before it 122   a document that begins in the middle of its stream
    is changed
    the tail of the log                   9   events published again though the log had them
    publishing what was left              6   a log that ends before the table
    the question of who was away         32   published long after the commit without having asked
    a failed append stops the lane       57   a hole in the log
    an idempotent producer                3   an event written more often than it was sent
    the last record that a lane has      43   a command without an outcome, as it came to stand where another was read
    handled
    states forgotten with the lane       15   an outcome decided on the state before a half-known commit
    the saga's outbox                     3   a user who is never welcomed
    the version of an instance            6   an instance that loses what another lane applied
    derived event ids                     1   ids unlike those of a sequential run
    derived command ids                   1   ids unlike those that follow from the events

Three of them no reader of the log would miss, for he drops what he has passed: the tail, the idempotent producer and
the question of who was away keep the repeats few. There the rule itself is looked at. Ids that are not derived would be
written once all the same, in the one transaction with the lane; they are part of the contract, and so are compared.
"""

import multiprocessing
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.simulation.guards import GUARDS
from tests.simulation.parallel_runs import SeedRange, stretch

BUDGET_SCHEDULES = 300
# Where to begin, when that is not the first. The owner of a lane notices a log that has lost its end as well, so what
# its followers do about holes shows seldom; and so does a read model that is emptied between a look and a write.
FIRST_SEEDS = {"holes filled from the table": 301, "the checkpoint's WATCH": 1001}


@pytest.fixture(scope="module")
def noticed() -> Iterator[Mapping[str, Future[SeedRange]]]:
    """What comes of the schedules without each of the guards; all are under way."""
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        begins = {guard: FIRST_SEEDS.get(guard, 1) for guard in GUARDS}
        yield {guard: pool.submit(stretch, first, BUDGET_SCHEDULES, guard) for guard, first in begins.items()}
        pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", GUARDS)
def test_without_it_a_promise_is_broken(guard: str, noticed: Mapping[str, Future[SeedRange]]) -> None:
    """Within the budget; the first failure is enough. That nothing fails with all of them, test_schedules says."""
    failures = noticed[guard].result().failures
    assert failures, f"nothing shows in {BUDGET_SCHEDULES} schedules that this is missing: {guard}"
    disagreements = [explanation for _, explanation in failures if "verify" in explanation]
    assert not disagreements, "an invariant notices it, and `annals verify` agrees"
