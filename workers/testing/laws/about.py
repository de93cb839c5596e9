"""What laws are about: a test class names contexts, and each law runs for each of what they declare."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.catalogue import catalogue
from contracts.message import Message
from workers.core.context import Context

SUBJECTS = ("context", "projection", "section", "saga", "message")
Law = TypeVar("Law", bound=Callable[..., None])


def holds(examples: int) -> Callable[[Law], Law]:
    """A law of all that can be drawn, tried with so many examples. No example has a time limit."""
    # Each class that keeps a law is another executor of it.
    unimportant = [HealthCheck.differing_executors, HealthCheck.too_slow]

    def with_data(law: Law) -> Law:
        limits = settings(max_examples=examples, deadline=None, suppress_health_check=unimportant)
        lawful: Law = limits(given(data=st.data())(law))  # type: ignore[assignment]  # what it is given, pytest does not see
        return lawful

    return with_data


class Laws:
    """The base of all laws. `contexts` are those that keep them. A law runs once for each value of the parameters that
    it names; one that none of the contexts has anything for is left out.
    """

    contexts: ClassVar[tuple[Context, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in dir(cls):
            if name.startswith("test_") and cls.contexts and not _subjects(cls.contexts, _asked(getattr(cls, name))):
                setattr(cls, name, None)  # pytest passes over what it cannot call

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """pytest calls this for each law."""
        assert self.contexts, f"{type(self).__name__} names no contexts: contexts = (context,)"
        asked = _asked(metafunc.function)
        subjects = _subjects(self.contexts, asked)
        if asked:
            metafunc.parametrize(asked, list(subjects.values()), ids=list(subjects))


def messages_of(context: Context) -> list[type[Message]]:
    """The messages of a context: commands, then events, retired ones included."""
    models: list[type[Message]] = [*catalogue().commands.values(), *catalogue().events.values()]
    return [model for model in models if model.context == context.name]


def _asked(law: Callable[..., None]) -> tuple[str, ...]:
    """The parameters of a law that are subjects."""
    return tuple(name for name in inspect.signature(law).parameters if name in SUBJECTS)


def _subjects(contexts: Iterable[Context], asked: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """What a law with these parameters runs for, by the name that the test has."""
    match asked:
        case ():
            return {"once": ()}
        case ("context",):
            return {context.name: (context,) for context in contexts}
        case ("context", "projection"):
            return {
                f"{context.name}-{projection.name}": (context, projection)
                for context in contexts
                for projection in context.projections
                if projection.context == context.name
            }
        case ("projection", "section"):
            return {
                f"{projection.name}-{section.name}": (projection, section)
                for context in contexts
                for projection in context.projections
                for section in projection.sections
            }
        case ("context", "saga"):
            return {f"{context.name}-{saga.name}": (context, saga) for context in contexts for saga in context.sagas}
        case ("saga",):
            return {saga.name: (saga,) for context in contexts for saga in context.sagas}
        case ("message",):
            return {model.type: (model,) for context in contexts for model in messages_of(context)}
        case _:
            raise TypeError(f"a law cannot be about {asked}")
