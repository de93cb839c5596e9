"""Unique claims and credentials against the states of the streams, from both sides.

A command's events and its unique claims are written in one transaction. So as of one moment the two always agree.
"""

from collections.abc import Sequence
from typing import NamedTuple

from workers.core.context import Context
from workers.operations.verification.comparisons.stream_states import StateFold
from workers.operations.verification.findings import FindingKind, LeftOverCredential, Verdict, WrongUniqueClaim
from workers.operations.verification.sources import Pace, Sources
from workers.ports.verification.table import ReadTransaction

STREAMS_AT_A_TIME = 500
MAX_NOTED = 10_000
"""Claims that are reported from their streams and kept in mind, so that they are not reported a second time."""


class _ClaimKey(NamedTuple):
    scope: str
    key: str


async def compare_unique_claims(sources: Sources, context: Context, verdict: Verdict, pace: Pace) -> None:
    """Compare every stream of a context, then every unique claim and every credential. Raises Unavailable."""
    comparison = _Comparison(sources, context, verdict)
    last = ""
    while streams := await comparison.streams(last):
        last = streams[-1]
        await pace(len(streams))
    claim: _ClaimKey | None = _ClaimKey("", "")
    while claim is not None:
        claim = await comparison.unique_claims(claim)
        await pace(0)
    last = ""
    while streams := await comparison.credentials(last):
        last = streams[-1]
        await pace(0)


class _Comparison:
    def __init__(self, sources: Sources, context: Context, verdict: Verdict) -> None:
        self._sources = sources
        self._context = context
        self._verdict = verdict
        self._reported: set[_ClaimKey] = set()

    async def streams(self, after: str) -> Sequence[str]:
        """Compare the next streams and return their ids."""
        name = self._context.name
        async with self._sources.table.read_transaction() as transaction:
            stream_ids = await transaction.stream_ids_after(name, after, STREAMS_AT_A_TIME)
            fold = await self._folded(transaction, stream_ids)
            claimants = fold.claimants(stream_ids)
            holders = await transaction.claim_holders(name, list(claimants)) if claimants else {}
        for where in fold.versions.gaps:
            self._verdict.report(FindingKind.VERSION_GAP, where, "versions must follow one another")
        for stream_id, (version, explanation) in fold.raised.items():
            where = f"decider of {name}, {stream_id}@{version}"
            self._verdict.report(FindingKind.CODE_RAISES, where, explanation)
        for claim, claiming_streams in claimants.items():
            self._compare_holder(_ClaimKey(*claim), claiming_streams, holders.get(claim))
        self._verdict.compared(f"streams of {name} compared with the unique claims", len(stream_ids))
        return stream_ids

    def _compare_holder(self, claim: _ClaimKey, claimants: list[str], holder: str | None) -> None:
        for stream_id in claimants:
            if holder == stream_id:
                continue
            self._note(claim)
            streams = (stream_id,) if holder is None else (stream_id, holder)
            target = WrongUniqueClaim(self._context.name, *claim, streams)
            kind = FindingKind.UNIQUE_CLAIM_MISSING if holder is None else FindingKind.UNIQUE_CLAIM_OF_ANOTHER
            explanation = "no stream holds it" if holder is None else f"{holder} holds it"
            self._verdict.report(kind, self._where(claim, stream_id), explanation, target=target)

    async def unique_claims(self, after: _ClaimKey) -> _ClaimKey | None:
        """Compare the next unique claims; the last of them, or None when there are no more."""
        name = self._context.name
        async with self._sources.table.read_transaction() as transaction:
            rows = await transaction.claims_after(name, *after, STREAMS_AT_A_TIME)
            fold = await self._folded(transaction, sorted({row.stream_id for row in rows}))
        for scope, key, stream_id in rows:
            claim = _ClaimKey(scope, key)
            if fold.holds(stream_id, scope, key) is False and claim not in self._reported:
                target = WrongUniqueClaim(name, scope, key, (stream_id,))
                where, explanation = self._where(claim, stream_id), "the stream's state does not hold it"
                self._verdict.report(FindingKind.UNIQUE_CLAIM_LEFT_OVER, where, explanation, target=target)
        self._verdict.compared(f"unique claims of {name} compared with the streams", len(rows))
        return _ClaimKey(rows[-1].scope, rows[-1].key) if rows else None

    async def credentials(self, after: str) -> Sequence[str]:
        """Compare the next streams that have a credential and return their ids."""
        name = self._context.name
        async with self._sources.table.read_transaction() as transaction:
            stream_ids = await transaction.credentials_after(name, after, STREAMS_AT_A_TIME)
            fold = await self._folded(transaction, stream_ids)
        for stream_id in stream_ids:
            if fold.may_keep_credential(stream_id) is False:
                target = LeftOverCredential(name, stream_id)
                where, explanation = f"{name} {stream_id}", "a stream in this state has none"
                self._verdict.report(FindingKind.CREDENTIAL_LEFT_OVER, where, explanation, target=target)
        self._verdict.compared(f"credentials of {name} compared with the streams", len(stream_ids))
        return stream_ids

    async def _folded(self, transaction: ReadTransaction, stream_ids: Sequence[str]) -> StateFold:
        fold = StateFold(self._context.decider, self._sources.models)
        async for row in transaction.events_of(self._context.name, stream_ids):
            fold.apply(row)
        return fold

    def _note(self, claim: _ClaimKey) -> None:
        """Keep in mind that the claim is reported: it need not be reported from its other side."""
        if len(self._reported) < MAX_NOTED:
            self._reported.add(claim)

    def _where(self, claim: _ClaimKey, stream_id: str) -> str:
        return f"{self._context.name} {claim.scope} {claim.key} of {stream_id}"
