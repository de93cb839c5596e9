"""A section's lane in memory, verified and repaired: what its store has against what its table says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from contracts.catalogue import stored_events
from contracts.topics import Topics
from infra.memory.clock import MemoryClock
from infra.memory.interventions import InterventionRows, MemoryInterventions
from infra.memory.verification.documents import MemoryStoredDocuments
from infra.memory.wire import DirectWire
from tests.lanes.recorded_rows import RowsInMemory
from tests.projection.section_scene import Scene
from workers.core.projection import Projection, Section
from workers.domain.users.card import card
from workers.operations.interventions import Operator
from workers.operations.repair.sections import rebuild_sections
from workers.operations.repair.tools import RepairReport, RepairTools
from workers.operations.verification.findings import Verdict, WrongSection
from workers.operations.verification.sections import compare_sections
from workers.operations.verification.sources import Sources
from workers.ports.interventions import Reason
from workers.ports.verification.rows import LaneSequence

NOT_ASKED = cast(Any, None)


class VerifiedRows(RowsInMemory):
    """`VerifiedTable`, as far as sections are concerned."""

    async def lane_sequences(self) -> Sequence[LaneSequence]:
        return [LaneSequence(Topics().commands("orders"), 0, self.rows[-1].sequence if self.rows else 0)]

    async def recorded_ends(self, context: str) -> Mapping[int, int]:
        return {0: self.rows[-1].sequence} if self.rows and context == "orders" else {}


class Verification:
    """Of the lane of a scene, by the code of a section."""

    def __init__(self, scene: Scene, section: Section) -> None:
        self.projection: Projection = replace(card, sections=(section,))
        self.lines: list[str] = []
        interventions = MemoryInterventions(InterventionRows(lambda: datetime(2026, 1, 1, tzinfo=UTC)), DirectWire())
        self.operator = Operator(interventions, "Grace", Reason("for the test"))
        self.sources = Sources(
            contexts={},
            models=stored_events(),
            topics=Topics(),
            partitions=1,
            wanted_topics=(),
            table=cast(Any, VerifiedRows(scene.table.rows)),
            topic_reader=NOT_ASKED,
            documents=MemoryStoredDocuments(scene.store.server, scene.store.line),
            interventions=interventions,
            scratch_space=NOT_ASKED,
            clock=MemoryClock(),
        )
        report = RepairReport(self.lines.append)
        self.tools = RepairTools(self.sources, NOT_ASKED, NOT_ASKED, NOT_ASKED, scene.store, self.operator, report)

    async def verdict(self) -> Verdict:
        verdict = Verdict()
        await compare_sections(self.sources, self.projection, verdict, self._at_full_speed)
        return verdict

    async def skip(self, scene: Scene, order_id: str) -> None:
        """Have the first event of an order skipped, as an operator does."""
        details = {"stream_version": 1, "event_type": "orders.OrderPlaced.v1"}
        await self.operator.record("parked-skip", f"projection:users/orders/{order_id}", details)
        scene.request(order_id, "skip")
        await scene.lane.idle()

    async def repair(self, *document_ids: str) -> None:
        (section,) = self.projection.sections
        targets = [WrongSection(self.projection.name, section.name, 0, document_id) for document_id in document_ids]
        await rebuild_sections(self.tools, self.projection, targets)

    @staticmethod
    async def _at_full_speed(_: int) -> None:
        """No other process needs the servers."""
