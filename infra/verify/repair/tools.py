"""What a repair works with, and how it says what it did."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from infra.kafka.event_log import KafkaEventLog
from infra.postgres.interventions import PostgresInterventions
from infra.postgres.pool import Database
from infra.redis.read_model_writer import RedisReadModelWriter
from infra.verify.sources import Sources
from workers.ports.interventions import Reason

ACTION = "verify-repair"
MAX_LINES_OF_A_KIND = 50


class Account:
    """Says line by line what was done; of many lines of one kind only the first, and how many more there were."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.mended = 0
        self._say = say
        self._lines: dict[str, int] = {}

    def did(self, kind: str, what: str) -> None:
        """Something was mended."""
        self.mended += 1
        self._line(kind, f"{kind}: {what}")

    def left(self, kind: str, what: str, why: str) -> None:
        """Something was left alone."""
        self._line(f"left alone, {kind}", f"left alone, {kind}: {what}: {why}")

    def end(self) -> None:
        """Say what was not said one by one, and begin anew."""
        for kind, count in self._lines.items():
            if count > MAX_LINES_OF_A_KIND:
                self._say(f"{kind}: {count - MAX_LINES_OF_A_KIND} more")
        self._lines.clear()

    def _line(self, kind: str, text: str) -> None:
        self._lines[kind] = self._lines.get(kind, 0) + 1
        if self._lines[kind] <= MAX_LINES_OF_A_KIND:
            self._say(text)


class Tools(NamedTuple):
    """`database` may write; `owner` is who holds a lane while its log is mended."""

    sources: Sources
    database: Database
    log: KafkaEventLog
    read_models: RedisReadModelWriter
    owner: str
    account: Account
    actor: str
    reason: str

    async def record(self, target: str, details: Mapping[str, Any]) -> None:
        """Note what is about to be mended, before it is. Raises Unavailable."""
        await PostgresInterventions(self.database).record(self.actor, ACTION, target, Reason(self.reason), details)
