"""Rebuilds documents and their index entries by a fold of their streams, beside a working projection.

Each write is a batch of the lane at its checkpoint. The batch sets the lane's offset back by one record, which the lane
reads again and drops as a repeat. So the lane's owner, which may be folding upon the wrong document at this moment,
gets CheckpointMoved and reads the documents again.
"""

from collections.abc import Sequence

import orjson

from contracts.partitioner import partition_for
from workers.core.projection import Index, Projection
from workers.operations.repair.tools import RepairTools
from workers.operations.verification.comparisons.read_model import difference, entries_as_stored
from workers.operations.verification.findings import WrongDocument
from workers.operations.verification.read_model_generation import Compared, ReadModelGeneration
from workers.ports.read_models import CheckpointMoved, IndexChange, ReadModelBatch
from workers.projection.folding import entries

DOCUMENTS_AT_A_TIME = 200
GIVE_UP_SECONDS = 60.0
KIND = "rebuilt"


async def rebuild_documents(tools: RepairTools, projection: Projection, targets: Sequence[WrongDocument]) -> None:
    """Make these documents and their index entries what they should be. Raises Unavailable."""
    generation = await tools.sources.documents.live(projection.name)
    rebuilding = _Rebuilding(tools, ReadModelGeneration(tools.sources, projection, generation), targets)
    for partition, document_ids in (await rebuilding.by_partition()).items():
        await rebuilding.rebuild(partition, document_ids)


class _Rebuilding:
    def __init__(self, tools: RepairTools, model: ReadModelGeneration, targets: Sequence[WrongDocument]) -> None:
        self._tools = tools
        self._model = model
        self._stale: dict[str, set[Index]] = {}
        for target in targets:
            stale = self._stale.setdefault(target.document_id, set())
            if target.stale is not None:
                stale.add(target.stale)

    async def by_partition(self) -> dict[int, list[str]]:
        """The documents by the lane that they belong to."""
        by_partition: dict[int, list[str]] = {}
        document_ids = sorted(self._stale)
        for start in range(0, len(document_ids), DOCUMENTS_AT_A_TIME):
            page = document_ids[start : start + DOCUMENTS_AT_A_TIME]
            _, fold = await self._model.compared(page)
            for document_id in page:
                by_key = partition_for(document_id.encode(), self._tools.sources.partitions)
                by_partition.setdefault(fold.partitions.get(document_id, by_key), []).append(document_id)
        return by_partition

    async def rebuild(self, partition: int, document_ids: list[str]) -> None:
        """Rebuild documents of one lane, in batches that become smaller each time that the lane was faster."""
        clock = self._tools.sources.clock
        size, give_up_at = DOCUMENTS_AT_A_TIME, clock() + GIVE_UP_SECONDS
        while document_ids:
            page = document_ids[:size]
            compared = await self._model.compared(page)
            batch = self._batch(partition, page, compared)
            try:
                await self._tools.read_models.commit(batch)
            except CheckpointMoved:
                size = max(1, size // 2)
                if clock() > give_up_at:
                    why = "the read model was busy or switched all the time; try again"
                    self._tools.report.left_alone(KIND, f"{len(document_ids)} documents of lane {partition}", why)
                    return
                continue
            self._report(page, compared, batch)
            document_ids = document_ids[size:]
            give_up_at = clock() + GIVE_UP_SECONDS

    def _batch(self, partition: int, document_ids: Sequence[str], compared: Compared) -> ReadModelBatch:
        moment, fold = compared
        documents: dict[str, bytes | None] = {}
        added: list[IndexChange] = []
        removed: list[IndexChange] = []
        for document_id in document_ids:
            if document_id in fold.raised:
                continue
            expected = fold.documents.get(document_id)
            documents[document_id] = None if expected is None else orjson.dumps(expected)
            wanted = entries(self._model.projection, expected)
            stored = entries_as_stored(self._model.projection, moment.documents.get(document_id))
            surplus = (stored | self._stale[document_id]) - wanted
            added += [IndexChange(index, document_id) for index in sorted(wanted)]
            removed += [IndexChange(index, document_id) for index in sorted(surplus)]
        before = moment.checkpoints[partition]
        after = before._replace(offset=max(before.offset - 1, 0))
        return ReadModelBatch(
            self._model.generation, self._model.topic, partition, before, after, documents, added, removed
        )

    def _report(self, document_ids: Sequence[str], compared: Compared, batch: ReadModelBatch) -> None:
        name, report = self._model.projection.name, self._tools.report
        for document_id in document_ids:
            if document_id not in batch.documents:
                report.left_alone(KIND, f"{name} {document_id}", "the projection's code raises on its events")
                continue
            expected = compared.fold.documents.get(document_id)
            if difference(expected, compared.moment.documents.get(document_id)) is None:
                report.repaired(KIND, f"index entries of {name} {document_id}")
            else:
                report.repaired("removed" if expected is None else KIND, f"document {name} {document_id}")
