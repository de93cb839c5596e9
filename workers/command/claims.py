"""The claims of one batch: who takes and who gives up which unique value, in the order of the commands.

The database knows who held a value before the batch; the batch knows what happens within it. `claim` assumes that a
value of which the batch knows nothing is free; the commit checks that (`acquire`), and a refused one comes back in
`refused` for the next attempt. A release assumes that the stream holds the value, which is not so where two streams'
values have become equal; handed on to another, that comes back in `unheld`.
"""

from collections.abc import Sequence

from workers.core.decider import Decision, Rejection, UniqueClaim
from workers.ports.event_store import ClaimToAcquire, ClaimToSettle

Key = tuple[str, str]
Unheld = tuple[str, str, str]
"""Scope, key, and a stream that does not hold it."""


class ClaimBook:
    """Claims and releases of one attempt at a batch."""

    def __init__(self, refused: frozenset[Key], unheld: frozenset[Unheld] = frozenset()) -> None:
        self._refused = refused
        self._unheld = unheld
        self._holders: dict[Key, str | None] = {}
        self._acquired: dict[Key, str] = {}
        # Who held a value before the batch, as far as the batch gives it up.
        self._former: dict[Key, str] = {}

    def admit(self, stream_id: str, decision: Decision) -> Rejection | None:
        """Enter a decision's releases and claims, all or none; the rejection of the first claim that is not free."""
        named = {(release.scope, release.key) for release in decision.releases}
        released = {key for key in named if self._may_hold(key, stream_id)}
        for claim in decision.claims:
            key = (claim.scope, claim.key)
            if key not in released and not self._is_free(key, stream_id):
                return claim.rejection
        for key in released:
            if key not in self._holders:
                self._former[key] = stream_id
            self._holders[key] = None
        for claim in decision.claims:
            self._enter(claim, stream_id)
        return None

    def _may_hold(self, key: Key, stream_id: str) -> bool:
        if key in self._holders:
            return self._holders[key] == stream_id
        return (*key, stream_id) not in self._unheld

    def _is_free(self, key: Key, stream_id: str) -> bool:
        if key in self._holders:
            return self._holders[key] in (None, stream_id)
        return key not in self._refused

    def _enter(self, claim: UniqueClaim, stream_id: str) -> None:
        key = (claim.scope, claim.key)
        if key not in self._holders:
            self._acquired[key] = stream_id
        self._holders[key] = stream_id

    def claims_to_acquire(self) -> Sequence[ClaimToAcquire]:
        """The values that the database must find free."""
        return [ClaimToAcquire(scope, key, stream_id) for (scope, key), stream_id in self._acquired.items()]

    def claims_to_settle(self) -> Sequence[ClaimToSettle]:
        """What must change besides: values that end up with nobody, or with another than first took them."""
        before = self._former | self._acquired
        return [
            ClaimToSettle(*key, holder, before[key])
            for key, holder in self._holders.items()
            if key not in self._acquired or self._acquired[key] != holder
        ]
