"""Laws of the write side of every context."""

from contracts.catalogue import catalogue
from workers.domain import contexts
from workers.testing.laws import DeciderLaws


def test_belongs_to_a_published_context_and_each_published_context_has_one() -> None:
    assert tuple(contexts()) == catalogue().contexts
    assert all(context.name == name for name, context in contexts().items())


class TestEveryDecider(DeciderLaws):
    contexts = tuple(contexts().values())
