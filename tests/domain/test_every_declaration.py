"""What a context declares of HTTP and of repeats, beside its functions."""

import inspect
import re
import sys

import pytest

from contracts.catalogue import catalogue
from contracts.examples import examples
from contracts.message import Command
from workers.core.context import Context
from workers.core.decider import Rejection
from workers.domain import contexts
from workers.gateway.answers import STATUS_OF_CODE, status_of
from workers.gateway.routes import route_modules

CODE = re.compile(r"[A-Z][A-Za-z]+")

every_context = pytest.mark.parametrize("context", contexts().values(), ids=contexts().keys())


@every_context
def test_gives_each_rejection_a_status_and_takes_no_code_that_all_contexts_have(context: Context) -> None:
    commands = [example for example in examples(context.name).values() if isinstance(example, Command)]
    answers = [context.decider.decide(context.decider.initial, command) for command in commands]
    codes = {answer.code for answer in answers if isinstance(answer, Rejection)} | context.statuses.keys()
    assert codes.isdisjoint(STATUS_OF_CODE)
    for code in codes | {context.not_found}:
        assert CODE.fullmatch(code)
        assert 400 <= status_of(context, code) < 500
    assert status_of(context, context.not_found) == 404


@every_context
def test_declares_statuses_of_rejections_that_it_has(context: Context) -> None:
    package = f"workers.domain.{context.name}."
    source = "".join(inspect.getsource(module) for name, module in sys.modules.items() if name.startswith(package))
    assert all(f'"{code}"' in source for code in context.statuses)


@every_context
def test_is_loud_or_ended_by_events_of_its_own(context: Context) -> None:
    own = {model for model in catalogue().events.values() if model.context == context.name}
    assert context.loud_when_repeated.keys() <= own
    assert context.adding_up <= context.loud_when_repeated.keys()
    assert context.ended_by is None or context.ended_by in own
    assert all(reason.strip() for reason in context.loud_when_repeated.values())


@every_context
def test_names_routes_that_are_there(context: Context) -> None:
    (module,) = route_modules([context])
    assert callable(module.routes)
