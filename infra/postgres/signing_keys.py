"""The keys by which records are signed, as the database has them."""

import time

from contracts.signatures import Signatures, SigningKey
from infra.postgres.pool import Database
from workers.ports.lanes import Unavailable

# A key that was added begins to sign minutes later, when every process knows it.
MAX_AGE_SECONDS = 60.0
# A record that names a key of which we do not know makes us look again; anybody may write such records.
MIN_AGE_SECONDS = 5.0


class PostgresSigningKeys:
    """`SignatureSource` on the database. `query` names the query that gives the keys of a purpose."""

    def __init__(self, database: Database, query: str) -> None:
        self._database = database
        self._query = query
        self._signatures: Signatures | None = None
        self._read_at = 0.0

    async def current(self) -> Signatures:
        """The signatures by the keys that were there at most a minute ago. Raises Unavailable if none were read yet."""
        signatures = self._signatures
        if signatures is not None:
            max_age = MIN_AGE_SECONDS if signatures.saw_unknown_key else MAX_AGE_SECONDS
            if time.monotonic() - self._read_at < max_age:
                return signatures
        try:
            rows = await self._database.rows(self._query)
        except Unavailable:
            if signatures is None:
                raise
            self._read_at = time.monotonic()  # those of before are good; the database has its own worries
            return signatures
        self._read_at = time.monotonic()
        self._signatures = Signatures([SigningKey(row["key_id"], row["secret"]) for row in rows])
        return self._signatures


def event_signatures(database: Database) -> PostgresSigningKeys:
    """Those of events in the log."""
    return PostgresSigningKeys(database, "event_signing_keys")


def reply_signatures(database: Database) -> PostgresSigningKeys:
    """Those of replies."""
    return PostgresSigningKeys(database, "reply_signing_keys")
