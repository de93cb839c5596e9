"""The laws that every context keeps, run for contexts of one's own by one class:

    class TestShipments(ContextLaws):
        contexts = (context,)

What is an exception to a law the context declares (`loud_when_repeated`, `adding_up`) or the class (`still_asked_for`).
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in ("about", "access", "deciders", "messages", "projections", "sagas", "sections")
    )
)

from workers.testing.laws.access import AccessLaws  # noqa: E402 - after what rewrites it
from workers.testing.laws.deciders import DeciderLaws  # noqa: E402
from workers.testing.laws.messages import MessageLaws  # noqa: E402
from workers.testing.laws.projections import ProjectionLaws  # noqa: E402
from workers.testing.laws.sagas import SagaLaws  # noqa: E402
from workers.testing.laws.sections import SectionLaws  # noqa: E402

__all__ = ["AccessLaws", "ContextLaws", "DeciderLaws", "MessageLaws", "ProjectionLaws", "SagaLaws", "SectionLaws"]


class ContextLaws(DeciderLaws, ProjectionLaws, SectionLaws, SagaLaws, AccessLaws, MessageLaws):
    """All laws, for the `contexts` that a class with this base names."""
