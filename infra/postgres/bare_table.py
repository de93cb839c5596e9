"""A plain table, for the floor that `annals bench` compares with: no checks, no outcomes, only durable rows."""

import uuid
from collections.abc import Sequence

from infra.postgres.pool import Database


class BareTable:
    """A uuid key and text. Every method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self) -> None:
        """Make the table unless it is there. The account must own the database."""
        async with self._database.connection() as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS public.bare (id uuid PRIMARY KEY, data text NOT NULL)")

    async def insert(self, values: Sequence[str]) -> None:
        """Insert these values, a row for each, in one transaction; they are durable on return."""
        statement = "INSERT INTO public.bare SELECT * FROM unnest($1::uuid[], $2::text[])"
        async with self._database.connection() as connection:
            await connection.execute(statement, [uuid.uuid4() for _ in values], values)
