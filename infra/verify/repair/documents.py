"""Rebuilds documents and their index entries by a fold of their streams, beside a working projection.

Each write is a batch of the lane at its checkpoint. It sets the lane's offset back by one record, one that is passed
over when it is read again: so the lane's owner, which may just be folding upon the wrong document, is refused and
looks anew.
"""

import time
from collections.abc import Sequence

import orjson

from contracts.partitioner import partition_for
from infra.verify.read_models import Compared, ReadModel
from infra.verify.repair.tools import Tools
from workers.core.projection import Index, Projection
from workers.ports.read_models import CheckpointMoved, IndexChange, ReadModelBatch
from workers.projection.folding import entries
from workers.verification.findings import WrongDocument
from workers.verification.read_model import difference, entries_as_stored

DOCUMENTS_AT_A_TIME = 200
GIVE_UP_SECONDS = 60.0
KIND = "rebuilt"


async def rebuild_documents(tools: Tools, projection: Projection, targets: Sequence[WrongDocument]) -> None:
    """Make these documents and their index entries what they should be. Raises Unavailable."""
    generation = await tools.sources.documents.live(projection.name)
    rebuilding = _Rebuilding(tools, ReadModel(tools.sources, projection, generation), targets)
    for partition, document_ids in (await rebuilding.by_partition()).items():
        await rebuilding.rebuild(partition, document_ids)


class _Rebuilding:
    def __init__(self, tools: Tools, model: ReadModel, targets: Sequence[WrongDocument]) -> None:
        self._tools = tools
        self._model = model
        self._stale: dict[str, set[Index]] = {}
        for target in targets:
            known = self._stale.setdefault(target.document_id, set())
            if target.stale is not None:
                known.add(target.stale)

    async def by_partition(self) -> dict[int, list[str]]:
        """The documents by the lane that they belong to."""
        found: dict[int, list[str]] = {}
        ids = sorted(self._stale)
        for start in range(0, len(ids), DOCUMENTS_AT_A_TIME):
            part = ids[start : start + DOCUMENTS_AT_A_TIME]
            _, fold = await self._model.compared(part)
            for each in part:
                elsewhere = partition_for(each.encode(), self._tools.sources.partitions)
                found.setdefault(fold.partitions.get(each, elsewhere), []).append(each)
        return found

    async def rebuild(self, partition: int, document_ids: list[str]) -> None:
        """All of one lane, in batches that become smaller as long as the lane is faster."""
        size, give_up_at = DOCUMENTS_AT_A_TIME, time.monotonic() + GIVE_UP_SECONDS
        while document_ids:
            part = document_ids[:size]
            compared = await self._model.compared(part)
            batch = self._batch(partition, part, compared)
            try:
                await self._tools.read_models.commit(batch)
            except CheckpointMoved:
                size = max(1, size // 2)
                if time.monotonic() > give_up_at:
                    why = "the read model was busy or switched all the time; try again"
                    self._tools.account.left(KIND, f"{len(document_ids)} documents of lane {partition}", why)
                    return
                continue
            self._say(part, compared, batch)
            document_ids = document_ids[size:]
            give_up_at = time.monotonic() + GIVE_UP_SECONDS

    def _batch(self, partition: int, document_ids: Sequence[str], compared: Compared) -> ReadModelBatch:
        look, fold = compared
        documents: dict[str, bytes | None] = {}
        added: list[IndexChange] = []
        removed: list[IndexChange] = []
        for each in document_ids:
            if each in fold.raised:
                continue
            expected = fold.documents.get(each)
            documents[each] = None if expected is None else orjson.dumps(expected)
            new = entries(self._model.projection, expected)
            old = entries_as_stored(self._model.projection, look.documents.get(each)) | self._stale[each]
            added += [IndexChange(index, each) for index in sorted(new)]
            removed += [IndexChange(index, each) for index in sorted(old - new)]
        before = look.checkpoints[partition]
        after = before._replace(offset=max(before.offset - 1, 0))
        return ReadModelBatch(
            self._model.generation, self._model.topic, partition, before, after, documents, added, removed
        )

    def _say(self, document_ids: Sequence[str], compared: Compared, batch: ReadModelBatch) -> None:
        name, account = self._model.projection.name, self._tools.account
        for each in document_ids:
            if each not in batch.documents:
                account.left(KIND, f"{name} {each}", "the projection's code raises on its events")
                continue
            expected, stored = compared.fold.documents.get(each), compared.look.documents.get(each)
            if difference(expected, stored) is None:
                account.did(KIND, f"index entries of {name} {each}")
            else:
                account.did("removed" if expected is None else KIND, f"document {name} {each}")
