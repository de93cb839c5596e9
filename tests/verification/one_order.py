"""All that one saga instance stores, written by the workers' code: an order that is fulfilled over three lanes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from contracts.inventory.events import StockReserved
from contracts.message import Event
from contracts.orders.events import OrderConfirmed, OrderPlaced
from contracts.orders.lines import OrderLine
from contracts.payments.events import FundsCaptured, FundsReserved
from infra.sqlite.step_scratch import sqlite_scratch
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.domain import contexts
from workers.operations.verification.comparisons.saga_consequences import (
    StoredStep,
    answer_difference,
    deadline_differences,
    step_difference,
)
from workers.operations.verification.comparisons.saga_journal import (
    NO_SEED,
    JournalFold,
    SagaDifference,
    Seed,
    StoredSaga,
)
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    InstanceKey,
    JournalRow,
    StepRejection,
    StepRow,
    StoredInstance,
    UnchangedStep,
)
from workers.ports.verification.steps import SagaLane, StepScratch
from workers.saga.following import Followed, follow, handle
from workers.saga.internal_events import internal_events

FULFILMENT = next(saga for saga in contexts()["orders"].sagas if saga.name == "fulfilment")
KEY = InstanceKey("fulfilment", "o-1")
PARTITIONS = {"orders": 0, "payments": 1, "inventory": 2}
LINE = OrderLine(sku="tea", quantity=2, unit_price=Decimal("4.50"))
PLACED = OrderPlaced(
    order_id="o-1", user_id="ada", lines=(LINE,), currency="EUR", total=Decimal("9.00"), confirm_within_seconds=60
)
FUNDS_RESERVED = FundsReserved(user_id="ada", order_id="o-1", amount=Decimal("9.00"), currency="EUR")
STOCK_RESERVED = StockReserved(sku="tea", order_id="o-1", quantity=2)
CONFIRMED = OrderConfirmed(order_id="o-1", user_id="ada")
CAPTURED = FundsCaptured(user_id="ada", order_id="o-1", amount=Decimal("9.00"), currency="EUR")
FULFILLED: tuple[Event, ...] = (PLACED, FUNDS_RESERVED, STOCK_RESERVED, CONFIRMED, CAPTURED)


def time(second: int) -> str:
    return f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}.000000Z"


class Entry(NamedTuple):
    """An entry of the journal, and the event that the log has in its place."""

    row: JournalRow
    event: Recorded | None


@dataclass
class Order:
    """As it is stored; tests spoil it."""

    saga: Saga[Any] = FULFILMENT
    entries: list[Entry] = field(default_factory=list)
    steps: list[StoredStep] = field(default_factory=list)
    deadlines: dict[str, tuple[SagaLane, DeadlineRow]] = field(default_factory=dict)
    stored: StoredSaga | None = None
    seed: Seed = NO_SEED

    def applies(self, *events: Event) -> None:
        """Each from the log of its context, one after the other."""
        for event in events:
            number = len(self.entries) + 1
            lane = (event.context, PARTITIONS[event.context])
            event_id = f"00000000-0000-5000-8000-{number:012d}"
            recorded = Recorded(event, event_id, event.stream_id, number, number, time(number), "correlation", "ada")
            self._note(follow([self.saga], [recorded], self._instances(), 0, partition=lane[1]), lane, recorded)

    def passes(self, name: str, second: int) -> None:
        """The deadline of this name."""
        lane, row = self.deadlines.pop(name)
        own = internal_events(DueInternalEvents(time(second), [row], []))
        self._note(handle([self.saga], own, self._instances(), 0), lane, None)

    def is_rejected(self, step: str, code: str, second: int) -> None:
        """The last step of this name; the instance handles it."""
        place = max(number for number, stored in enumerate(self.steps) if stored.row.step == step)
        row = self.steps[place].row
        command = (row.stream_id, row.command_id, code, time(second))
        rejection = StepRejection(
            row.position, *KEY, row.step, *command, row.correlation_id, row.actor, row.traceparent
        )
        rejection = rejection._replace(causation_id=row.causation_id)
        lane = self.steps[place].lane
        self.steps[place] = self.steps[place]._replace(status="rejected", code=code, handled_at=time(second))
        self._note(
            handle(
                [self.saga], internal_events(DueInternalEvents(time(second), [], [rejection])), self._instances(), 0
            ),
            lane,
            None,
        )

    def changes_nothing(self, step: str, second: int) -> None:
        """The last step of this name, which is accepted; the instance handles it."""
        place = max(number for number, stored in enumerate(self.steps) if stored.row.step == step)
        row, lane = self.steps[place].row, self.steps[place].lane
        command = (row.stream_id, row.command_id, time(second))
        unchanged = UnchangedStep(
            row.position, *KEY, row.step, *command, row.correlation_id, row.actor, row.traceparent
        )
        self.steps[place] = self.steps[place]._replace(unchanged=True, handled_at=time(second))
        own = internal_events(DueInternalEvents(time(second), [], [], [unchanged]))
        self._note(handle([self.saga], own, self._instances(), 0), lane, None)

    def _instances(self) -> dict[InstanceKey, StoredInstance]:
        if self.stored is None:
            return {KEY: StoredInstance(0, FULFILMENT.initial.model_dump_json().encode(), self.seed.value)}
        has_ended = self.seed.until_version is not None and self.stored.version >= self.seed.until_version
        seed = None if has_ended else self.seed.value
        return {KEY: StoredInstance(self.stored.version, self.stored.state, seed)}

    def _note(self, followed: Followed, lane: SagaLane, recorded: Recorded | None) -> None:
        (instance,), (entry,) = followed.instances, followed.journal
        correlation_id = instance.correlation_id if self.stored is None else self.stored.correlation_id
        self.stored = StoredSaga(instance.version, instance.status, instance.state, correlation_id)
        self.entries.append(Entry(entry, recorded))
        self.steps += [_accepted(row, lane) for row in followed.steps]
        for _, _, name in followed.cleared_deadlines:
            self.deadlines.pop(name, None)
        self.deadlines |= {row.name: (lane, row) for row in followed.deadlines}

    def wrong(self) -> list[SagaDifference]:
        """All that a comparison finds."""
        with sqlite_scratch() as scratch:
            fold = JournalFold(self.saga, KEY.instance_id, scratch, self.seed)
            differences = [fold.apply(*entry) for entry in self.entries if not fold.broken]
            if not fold.broken:
                differences.append(fold.against(self.stored))
            if not fold.broken:
                differences += _steps(self.steps, scratch)
                differences += deadline_differences(fold.deadlines, self.deadlines)
        return [difference for difference in differences if difference is not None]


def _accepted(row: StepRow, lane: SagaLane) -> StoredStep:
    return StoredStep(row, lane, "accepted", None, time(3000), waits=False)


def _steps(steps: Sequence[StoredStep], scratch: StepScratch) -> list[SagaDifference | None]:
    differences: list[SagaDifference | None] = []
    for step in steps:
        expected = scratch.pop(KEY, step.row.command_id)
        assert expected is not None, step
        differences.append(step_difference(step, expected.step, in_order=True))
        differences.append(answer_difference(step, expected.answer))
    assert not scratch.steps_after("", 10), "no step is missing"
    return differences


def fulfilled(*events: Event) -> Order:
    """An order that applied these events; without any: all events up to its completion."""
    order = Order()
    order.applies(*(events or FULFILLED))
    return order
