"""The look-ups of command lanes: what several lanes of a process ask for at the same time is one query.

Each answer has the database's time, from which the time is told between answers.
"""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from infra.answered_time import AnsweredTime
from infra.postgres.grouping import Grouping
from infra.postgres.lists import columns, listed
from infra.postgres.pool import Database
from workers.ports.event_store import BatchLookup, StoredSnapshot, StreamEvent, Unstorable
from workers.ports.outcomes import OutcomeRow

MAX_GROUP_IDS = 4000


class _Question(NamedTuple):
    commands: Sequence[tuple[str, str]]
    stream_ids: Sequence[str]


class CommandLookUps:
    """Looks up for the command lanes of this process."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self.time = AnsweredTime(clock)
        self._groupings: dict[tuple[str, str | None], Grouping[_Question, BatchLookup]] = {}

    async def look_up(
        self, context: str, commands: Sequence[tuple[str, str]], stream_ids: Sequence[str], fingerprint: str | None
    ) -> BatchLookup:
        """As the port says: `EventStore.look_up`."""
        key = (context, fingerprint)
        if key not in self._groupings:

            async def together(questions: Sequence[_Question]) -> list[BatchLookup | Exception]:
                return await self._together(questions, context, fingerprint)

            self._groupings[key] = Grouping(together, _weight, MAX_GROUP_IDS)
        return await self._groupings[key].ask(_Question(commands, stream_ids))

    async def _together(
        self, questions: Sequence[_Question], context: str, fingerprint: str | None
    ) -> list[BatchLookup | Exception]:
        if len(questions) == 1:
            return [await self._alone(questions[0], context, fingerprint)]
        everything = _Question(
            [command for question in questions for command in question.commands],
            [stream_id for question in questions for stream_id in question.stream_ids],
        )
        lookup = await self._alone(everything, context, fingerprint)
        if isinstance(lookup, Unstorable):  # one of the questions has a text that cannot be asked for
            return [await self._alone(question, context, fingerprint) for question in questions]
        if isinstance(lookup, Exception):
            return [lookup] * len(questions)
        events = {stream_id: list(rows) for stream_id, rows in groupby(lookup.events, attrgetter("stream_id"))}
        snapshots = {snapshot.stream_id: snapshot for snapshot in lookup.snapshots}
        return [
            BatchLookup(
                lookup.now,
                {key: lookup.outcomes[key] for key in question.commands if key in lookup.outcomes},
                [row for stream_id in sorted(question.stream_ids) for row in events.get(stream_id, ())],
                [snapshots[stream_id] for stream_id in question.stream_ids if stream_id in snapshots],
            )
            for question in questions
        ]

    async def _alone(self, question: _Question, context: str, fingerprint: str | None) -> BatchLookup | Exception:
        try:
            arguments = (context, listed(question.stream_ids), fingerprint)
            row = await self._database.row("look_up", *columns(question.commands, 2), *arguments)
        except Exception as error:  # noqa: BLE001  # raised to the lane
            return error
        assert row is not None
        self.time.note(row["now"])
        outcomes = [outcome_row(values) for values in _columns(row, "outcome", OutcomeRow._fields)]
        return BatchLookup(
            row["now"],
            {(outcome.stream_id, outcome.command_id): outcome.outcome for outcome in outcomes},
            [StreamEvent._make(values) for values in _columns(row, "event", StreamEvent._fields, "data")],
            [StoredSnapshot._make(values) for values in _columns(row, "snapshot", StoredSnapshot._fields, "state")],
        )


_EVENTS, _ERROR = OutcomeRow._fields.index("events"), OutcomeRow._fields.index("error")


def outcome_row(row: Sequence[Any]) -> OutcomeRow:
    """An OutcomeRow of a row of the view `outcomes` that has a column for each of its fields, in their order."""
    values = list(row)
    values[_EVENTS] = [(event["event_id"], event["type"]) for event in orjson.loads(values[_EVENTS])]
    values[_ERROR] = None if values[_ERROR] is None else values[_ERROR].encode()
    return OutcomeRow._make(values)


def _weight(question: _Question) -> int:
    return len(question.commands) + len(question.stream_ids)


def _columns(row: Any, prefix: str, fields: Sequence[str], encoded: str | None = None) -> Any:
    """The values of each row of what look_up.sql gives as one array for each field, NULL when there are no rows. The
    texts of the field `encoded` become UTF-8.
    """
    values = {field: row[f"{prefix}_{field}"] or () for field in fields}
    if encoded is not None:
        values[encoded] = map(str.encode, values[encoded])
    return zip(*values.values(), strict=True)
