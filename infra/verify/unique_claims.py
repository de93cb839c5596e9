"""UniqueClaims and credentials against the states of the streams: who holds what, and whether it is written down.

A command's events and its unique_claims are one transaction, so within one snapshot the two agree at every moment.
"""

from typing import Any, NamedTuple

from infra.postgres.lists import listed
from infra.postgres.session import Session, read_transaction
from infra.verify.sources import Pace, Sources
from workers.core.context import Context
from workers.verification.findings import LeftOverCredential, Verdict, What, WrongUniqueClaim
from workers.verification.states import StateFold

STREAMS_AT_A_TIME = 500
MAX_NOTED = 10_000


class _Place(NamedTuple):
    scope: str
    key: str


async def compare_unique_claims(sources: Sources, context: Context, verdict: Verdict, pace: Pace) -> None:
    """Every stream of a context, then every unique claim and every credential. Raises Unavailable."""
    comparison = _Comparison(sources, context, verdict)
    last = ""
    while streams := await comparison.streams(last):
        last = streams[-1]
        await pace(len(streams))
    place: _Place | None = _Place("", "")
    while place is not None:
        place = await comparison.unique_claims(place)
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
        self._reported: set[_Place] = set()

    async def streams(self, after: str) -> list[str]:
        """The next streams, compared."""
        name = self._context.name
        async with read_transaction(self._sources.database) as session:
            rows = await session.rows("streams_after", name, after, STREAMS_AT_A_TIME)
            stream_ids = [row["stream_id"] for row in rows]
            fold = await self._folded(session, stream_ids)
            held = fold.held(stream_ids)
            holders = await _holders(session, name, list(held)) if held else {}
        for where in fold.versions.gaps:
            self._verdict.found(What.VERSION_GAP, where, "versions must follow one another")
        for stream_id, (version, explanation) in fold.raised.items():
            where = f"decider of {name}, {stream_id}@{version}"
            self._verdict.found(What.CODE_RAISES, where, explanation)
        for place, claimants in held.items():
            self._claimed(_Place(*place), claimants, holders.get(place))
        self._verdict.saw(f"streams of {name} compared with the unique_claims", len(stream_ids))
        return stream_ids

    def _claimed(self, place: _Place, claimants: list[str], holder: str | None) -> None:
        for stream_id in claimants:
            if holder == stream_id:
                continue
            self._note(place)
            streams = (stream_id,) if holder is None else (stream_id, holder)
            target = WrongUniqueClaim(self._context.name, *place, streams)
            what = What.UNIQUE_CLAIM_MISSING if holder is None else What.UNIQUE_CLAIM_OF_ANOTHER
            explanation = "nobody holds it" if holder is None else f"{holder} holds it"
            self._verdict.found(what, self._where(place, stream_id), explanation, target=target)

    async def unique_claims(self, after: _Place) -> _Place | None:
        """The next unique_claims, compared; the last of them, or None when there are no more."""
        name = self._context.name
        async with read_transaction(self._sources.database) as session:
            rows = await session.rows("unique_claims_after", name, *after, STREAMS_AT_A_TIME)
            fold = await self._folded(session, sorted({row["stream_id"] for row in rows}))
        for scope, key, stream_id in rows:
            place = _Place(scope, key)
            if fold.holds(stream_id, scope, key) is False and place not in self._reported:
                target = WrongUniqueClaim(name, scope, key, (stream_id,))
                explanation = "the stream's state does not hold it"
                self._verdict.found(
                    What.UNIQUE_CLAIM_LEFT_OVER, self._where(place, stream_id), explanation, target=target
                )
        self._verdict.saw(f"unique_claims of {name} compared with the streams", len(rows))
        return _Place(rows[-1]["scope"], rows[-1]["key"]) if rows else None

    async def credentials(self, after: str) -> list[str]:
        """The next streams that have a credential, compared."""
        name = self._context.name
        async with read_transaction(self._sources.database) as session:
            rows = await session.rows("credentials_after", name, after, STREAMS_AT_A_TIME)
            stream_ids = [row["stream_id"] for row in rows]
            fold = await self._folded(session, stream_ids)
        for stream_id in stream_ids:
            if fold.may_keep_credential(stream_id) is False:
                target = LeftOverCredential(name, stream_id)
                where, explanation = f"{name} {stream_id}", "a stream in this state has none"
                self._verdict.found(What.CREDENTIAL_LEFT_OVER, where, explanation, target=target)
        self._verdict.saw(f"credentials of {name} compared with the streams", len(rows))
        return stream_ids

    async def _folded(self, session: Session, stream_ids: list[str]) -> StateFold:
        fold = StateFold(self._context.decider, self._sources.models)
        async for row in session.events_of(self._context.name, stream_ids):
            fold.apply(row)
        return fold

    def _note(self, place: _Place) -> None:
        """What is reported once need not be reported from its other side."""
        if len(self._reported) < MAX_NOTED:
            self._reported.add(place)

    def _where(self, place: _Place, stream_id: str) -> str:
        return f"{self._context.name} {place.scope} {place.key} of {stream_id}"


async def _holders(session: Session, context: str, places: list[Any]) -> dict[Any, str]:
    scopes, keys = listed([scope for scope, _ in places]), listed([key for _, key in places])
    rows = await session.rows("unique_claims_of", context, scopes, keys)
    return {(row["scope"], row["key"]): row["stream_id"] for row in rows}
