"""The laws that every context keeps."""

from shipments.context import context
from workers.testing.laws import ContextLaws


class TestShipments(ContextLaws):
    contexts = (context,)
