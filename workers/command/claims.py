"""The unique claims of one batch: which stream acquires and releases which value, in the order of the commands. Pure.

The database knows who held a value before the batch; the book knows what happens within the batch. The book assumes
that a value it has not seen yet is free. The commit checks that (`claims_to_acquire`), and a claim that the database
rejects is in `rejected` for the next attempt. The book also assumes that a stream holds what it releases. That is wrong
if the values of two streams have become equal; if the value is then transferred to another stream, it is in `not_held`
for the next attempt.
"""

from collections.abc import Sequence

from workers.core.decider import Decision, Rejection, UniqueClaim
from workers.ports.event_store import ClaimToAcquire, ClaimToSettle

Key = tuple[str, str]
"""Scope and key of a claim."""

NotHeld = tuple[str, str, str]
"""Scope and key of a claim, and a stream that does not hold it."""


class ClaimBook:
    """The claims and releases of one attempt at a batch."""

    def __init__(self, rejected: frozenset[Key], not_held: frozenset[NotHeld] = frozenset()) -> None:
        self._rejected = rejected
        self._not_held = not_held
        self._holders: dict[Key, str | None] = {}
        self._acquired: dict[Key, str] = {}
        # The holder before the batch of each value that the batch releases.
        self._former: dict[Key, str] = {}

    def admit(self, stream_id: str, decision: Decision) -> Rejection | None:
        """Enter the releases and claims of a decision, all or none. Returns the rejection of the first claim that is
        not free.
        """
        if not decision.claims and not decision.releases:
            return None
        released: set[Key] = set()
        if decision.releases:
            releases = {(release.scope, release.key) for release in decision.releases}
            released = {key for key in releases if self._may_hold(key, stream_id)}
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
        return (*key, stream_id) not in self._not_held

    def _is_free(self, key: Key, stream_id: str) -> bool:
        if key in self._holders:
            return self._holders[key] in (None, stream_id)
        return key not in self._rejected

    def _enter(self, claim: UniqueClaim, stream_id: str) -> None:
        key = (claim.scope, claim.key)
        if key not in self._holders:
            self._acquired[key] = stream_id
        self._holders[key] = stream_id

    def claims_to_acquire(self) -> Sequence[ClaimToAcquire]:
        """The claims that must be free in the database."""
        return [ClaimToAcquire(scope, key, stream_id) for (scope, key), stream_id in self._acquired.items()]

    def claims_to_settle(self) -> Sequence[ClaimToSettle]:
        """The other changes: claims that are released, or held in the end by another stream than the first to acquire
        them.
        """
        before = self._former | self._acquired
        return [
            ClaimToSettle(*key, holder, before[key])
            for key, holder in self._holders.items()
            if key not in self._acquired or self._acquired[key] != holder
        ]
