"""Contexts with one fault each, made of the shipped ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.message import Command
from contracts.orders.events import OrderCancelled
from workers.core.access import KNOWN, Access
from workers.core.context import Context
from workers.core.decider import Decision, Rejection
from workers.core.projection import Document
from workers.core.recorded import Recorded
from workers.core.saga import Consequence, SagaState, SetDeadline
from workers.domain import contexts

USERS, ORDERS, PAYMENTS = contexts()["users"], contexts()["orders"], contexts()["payments"]


def _deciding(context: Context, decide: Callable[[Any, Any], Any]) -> Context:
    return replace(context, decider=replace(context.decider, decide=decide))


def that_forgets_what_it_has_decided() -> Context:
    """Each order is cancelled again and again."""

    def decide(state: Any, command: Command) -> Decision | Rejection:
        answer = ORDERS.decider.decide(state, command)
        if isinstance(answer, Decision) and not answer.events:
            return Decision(events=(OrderCancelled(order_id=command.stream_id, user_id="ada"),))
        return answer

    return _deciding(ORDERS, decide)


def that_answers_differently_each_time() -> Context:
    calls = iter(range(1_000_000))
    return _deciding(USERS, lambda state, command: Rejection("Moody", f"It is the call {next(calls)}."))


def that_rejects_for_an_undocumented_reason() -> Context:
    return _deciding(USERS, lambda state, command: Rejection("Moody", "Not today."))


def that_speaks_of_another_stream() -> Context:
    def decide(state: Any, command: Command) -> Decision | Rejection:
        answer = ORDERS.decider.decide(state, command)
        if isinstance(answer, Decision):
            return answer._replace(
                events=tuple(event.model_copy(update={"order_id": "other"}) for event in answer.events)
            )
        return answer

    return _deciding(ORDERS, decide)


def whose_read_model_changes_documents_in_place() -> Context:
    (card,) = ORDERS.projections

    def evolve(document: Document | None, recorded: Recorded) -> Document | None:
        if isinstance(document, dict):
            document["seen"] = recorded.sequence
            return document
        return card.evolve(document, recorded)

    return replace(ORDERS, projections=(replace(card, evolve=evolve),))


def whose_read_model_has_no_version() -> Context:
    (card,) = ORDERS.projections

    def evolve(document: Document | None, recorded: Recorded) -> Document | None:
        following = card.evolve(document, recorded)
        return following if following is None else {**following, "version": 1}

    return replace(ORDERS, projections=(replace(card, evolve=evolve),))


def whose_indexes_nobody_may_use() -> Context:
    (card,) = ORDERS.projections
    return replace(ORDERS, projections=(replace(card, searchable=()),))


def whose_saga_waits_without_an_end() -> Context:
    (welcome,) = USERS.sagas

    def decide(state: Any, recorded: Recorded) -> tuple[Consequence, ...]:
        return tuple(follows for follows in welcome.decide(state, recorded) if not isinstance(follows, SetDeadline))

    return replace(USERS, sagas=(replace(welcome, decide=decide),))


class Forgetful(SagaState):
    """A state of which no schema was ever written."""

    is_asleep: bool = False

    @property
    def status(self) -> str:
        return "new"


def whose_saga_has_a_state_without_a_schema() -> Context:
    (welcome,) = USERS.sagas
    return replace(USERS, sagas=(replace(welcome, initial=Forgetful()),))


def that_lets_everybody_do_everything() -> Context:
    rows: dict[type[Command], Any] = dict.fromkeys(PAYMENTS.access.commands, (KNOWN,))
    return replace(PAYMENTS, access=Access(commands=rows, reads=PAYMENTS.access.reads))


def that_has_forgotten_a_command() -> Context:
    rows = dict(list(PAYMENTS.access.commands.items())[1:])
    return replace(PAYMENTS, access=Access(commands=rows, reads=PAYMENTS.access.reads))


def that_is_loud_and_does_not_say_why() -> Context:
    return replace(PAYMENTS, loud_when_repeated={})
