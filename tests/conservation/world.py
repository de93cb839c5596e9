"""A small world: the real deciders of all contexts and the real sagas, and every message that is under way.

What one sender sends to one stream arrives in its order, and so do a stream's events at each of its followers; all
else arrives in any order. A move is: a command is handled, a saga lane follows events, an instance handles a deadline,
a rejected step or a quiet one. As in the real workers, each is atomic; commands may arrive twice, the second quietly.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.catalogue import catalogue
from contracts.message import Command, Event
from contracts.orders.commands import ShipOrder
from contracts.orders.events import OrderConfirmed
from tests.conservation.plans import Plan
from tests.conservation.statuses import is_deleted, is_open
from tests.conservation.traffic import Address, Route, Sent, Traffic, address_of
from workers.core.answers import ANSWER
from workers.core.decider import Rejection
from workers.core.folding import fold_onto
from workers.core.recorded import Recorded
from workers.core.saga import Saga
from workers.domain import contexts
from workers.ports.sagas import (
    DeadlineRow,
    DueInternalEvents,
    InstanceKey,
    InstanceRow,
    StepRejection,
    StepRow,
    StoredInstance,
    UnchangedStep,
)
from workers.saga.following import Followed, concerned, follow, handle
from workers.saga.internal_events import internal_events

MOST_MOVES = 3000
MOST_EVENTS_AT_ONCE = 3


@dataclass
class World:
    """One run of a plan; `moves` is what happened, in order. `met` counts the events that met an instance of a saga
    in a status. `foreign` are the events of commands that no saga sent. `left_open` are the orders that were neither
    confirmed nor cancelled when all had come to rest but those who were away; `unclosed` those of deleted users that
    were it when only deadlines could help them; `in_vain` the instances that waited for a deadline when no context was
    away and all had been answered.
    """

    plan: Plan
    sagas: Sequence[Saga[Any]]
    moves: list[tuple[Any, ...]] = field(default_factory=list)
    states: dict[Address, Any] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    foreign: list[Event] = field(default_factory=list)
    instances: dict[InstanceKey, InstanceRow] = field(default_factory=dict)
    deadlines: dict[tuple[str, str, str], tuple[Any, DeadlineRow]] = field(default_factory=dict)
    bugs: list[str] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)
    in_vain: list[str] = field(default_factory=list)
    met: Counter[tuple[str, str, type[Event]]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._traffic = Traffic()
        self._handled: set[str] = set()
        self._outbox: dict[str, tuple[StepRow, Any]] = {}
        self._requests = deque(self.plan.requests)
        self._choices = iter(self.plan.choices)
        self._moves = self._position = 0
        self._away_is_over = False

    def run(self) -> None:
        """Until nothing is under way any more, once without and then with those who were away."""
        self._come_to_rest()
        if not self._is_away("orders"):
            self.left_open = self._open_orders()
        self._away_is_over = True
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        while self._moves < MOST_MOVES:
            self._moves += 1
            while self._requests and self._requests[0].at <= self._moves:
                self._request()
            choice = next(self._choices, 0)
            routes = self._routes()
            if routes:
                self._move(routes[choice % len(routes)], choice)
            elif self._requests:
                self._request()
            elif self.deadlines:
                self._note_open_orders_of_the_deleted()
                place = next(iter(self.deadlines))
                self._note_in_vain(place)
                self._pass_deadline(place)
            else:
                return
        self.bugs.append("does not come to rest")

    def _open_orders(self) -> list[str]:
        return [stream for (context, stream), order in self.states.items() if context == "orders" and is_open(order)]

    def _note_open_orders_of_the_deleted(self) -> None:
        if not self._is_away("orders") and not self.plan.lost:
            users = {user for (context, user), state in self.states.items() if context == "users" and is_deleted(state)}
            self.unclosed += [name for name in self._open_orders() if self.states["orders", name].user_id in users]

    def _note_in_vain(self, place: tuple[str, str, str]) -> None:
        """Goods that could not be shipped are asked for again: only then an answer is not enough."""
        if not self.plan.lost and not any(map(self._is_away, contexts())):
            status = self.instances[InstanceKey(*place[:2])].status
            if status != "ship_stock":
                self.in_vain.append(f"{place[:2]} in {status}")

    def _is_away(self, context: str) -> bool:
        return not self._away_is_over and self.plan.away.get(context, MOST_MOVES) <= self._moves

    def _routes(self) -> list[Route]:
        """The ways on which something can move: the oldest message first, deadlines last."""
        ready = [
            route for route in self._traffic.routes() if not (route.kind == "command" and self._is_away(route.to[0]))
        ]
        due = [
            Route("deadline", None, place)
            for place in self.deadlines
            if self.plan.overdue.get(place[1], MOST_MOVES) <= self._moves and place[2] != ANSWER
        ]
        return ready + due

    def _request(self) -> None:
        self._ask("a person", self._requests.popleft().command)

    def _ask(self, who: str, command: Command) -> None:
        self._traffic.put(Route("command", who, address_of(command)), Sent(f"{who}'s {self._traffic.count}", command))

    def _move(self, route: Route, choice: int) -> None:
        if route.kind == "deadline":
            self._pass_deadline(route.to)
        elif route.kind == "command":
            sent = self._traffic.get(route)
            if choice // 32 == 6:
                self._traffic.put(route, sent)
            self._handle(sent)
        elif route.kind == "answer":
            answer = self._traffic.get(route)
            rejections, unchanged = ([answer], []) if isinstance(answer, StepRejection) else ([], [answer])
            self._handle_internal(route.sender, DueInternalEvents(self._now(), [], rejections, unchanged))
        else:
            events = [self._traffic.get(route)]
            while choice // 32 == 7 and self._traffic.waits(route) and len(events) < MOST_EVENTS_AT_ONCE:
                events.append(self._traffic.get(route))
            self._follow(route.sender, events)

    def _handle(self, sent: Sent) -> None:
        command = sent.command
        if sent.command_id in self._handled:
            self.moves.append(("again, quiet", command))
            return
        self._handled.add(sent.command_id)
        context = contexts()[command.context]
        address = address_of(command)
        state = self.states.get(address, context.decider.initial)
        answer = context.decider.decide(state, command)
        self.moves.append(("handled", command, answer))
        if isinstance(answer, Rejection):
            self._answer(sent, answer.code)
            return
        if not answer.events:
            self._answer(sent, None)
        for event in answer.events:
            self.foreign += [event] if sent.step is None else []
            self._say(address, event)
        self.states[address] = fold_onto(context.decider, state, answer.events)

    def _answer(self, sent: Sent, code: str | None) -> None:
        """What is no event is handled: a rejection with its code, or, without one, that nothing was changed."""
        step = sent.step
        if step is None or not step.handles_rejection:
            return
        place = (step.position, step.saga, step.instance_id, step.step, step.stream_id, step.command_id)
        cause = (self._now(), step.correlation_id, step.actor, step.traceparent)
        answer = (
            UnchangedStep(*place, *cause) if code is None else StepRejection(*place, code, *cause, step.causation_id)
        )
        self._traffic.put(Route("answer", sent.lane, step.position), answer)

    def _say(self, address: Address, event: Event) -> None:
        self.log.append(event)
        place = len(self.log)
        event_id = f"{place:08x}-0000-5000-8000-000000000000"
        recorded = Recorded(event, event_id, address[1], place, place, self._now(), f"of {address[1]}")
        self._traffic.put(Route("event", address, "sagas"), recorded)
        if isinstance(event, OrderConfirmed) and event.order_id in self.plan.shipped:
            self._ask("the clerk", ShipOrder(order_id=event.order_id))

    def _follow(self, lane: Address, events: Sequence[Recorded]) -> None:
        following = [saga for saga in self.sagas if lane[0] in saga.contexts]
        stored = self._stored(concerned(following, events))
        self._met(stored, events[0].event)
        self._write(lane, follow(following, events, stored, self._position), [event.event for event in events])

    def _pass_deadline(self, place: tuple[str, str, str]) -> None:
        lane, row = self.deadlines.pop(place)
        self._handle_internal(lane, DueInternalEvents(row.due_at, [row], []))

    def _handle_internal(self, lane: Any, due: DueInternalEvents) -> None:
        due_events = internal_events(due)
        events = [internal.recorded.event for internal in due_events]
        stored = self._stored([internal.key for internal in due_events])
        self._met(stored, events[0])
        self._write(lane, handle(self.sagas, due_events, stored, self._position), events)

    def _stored(self, keys: Sequence[InstanceKey]) -> dict[InstanceKey, StoredInstance]:
        return {key: StoredInstance(row.version, row.state) for key in keys if (row := self.instances.get(key))}

    def _met(self, stored: Mapping[InstanceKey, StoredInstance], event: Event) -> None:
        self.met.update((key.saga, self.instances[key].status, type(event)) for key in stored)

    def _write(self, lane: Any, followed: Followed, causes: Sequence[Event]) -> None:
        self.moves.append(("followed", causes, followed))
        self.bugs += [f"{row.follower} cannot apply {row.event_type}: {row.error}" for row in followed.parked]
        self.bugs += [f"{key} cannot handle: {error}" for key, error in followed.failures.items()]
        for row in followed.instances:
            self.instances[InstanceKey(row.saga, row.instance_id)] = row
        for place in followed.cleared_deadlines:
            self.deadlines.pop(place, None)
        for deadline in followed.deadlines:
            self.deadlines[deadline.saga, deadline.instance_id, deadline.name] = (lane, deadline)
        self._position += len(followed.steps)
        for number, step in enumerate(followed.steps, start=self._position - len(followed.steps) + 1):
            self._outbox[step.command_id] = (step, lane)
            if number in self.plan.lost:
                self.moves.append(("lost", step))
            else:
                self._send(lane, step)
        for step in followed.again:
            self._send(lane, step)

    def _send(self, lane: Any, step: StepRow) -> None:
        """A step of the outbox, now or once more: whichever lane sends it, the first sender handles the answer."""
        command = catalogue().commands[step.command_type].model_validate_json(step.data)
        sent = Sent(step.command_id, command, *self._outbox[step.command_id])
        self._traffic.put(Route("command", lane, address_of(command)), sent)

    def _now(self) -> str:
        minutes, seconds = divmod(self._moves, 60)
        return f"2026-01-01T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.000000Z"
