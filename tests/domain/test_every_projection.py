"""Laws of the read models of every context."""

from workers.domain import contexts
from workers.testing.laws import ProjectionLaws


class TestEveryProjection(ProjectionLaws):
    contexts = tuple(contexts().values())
