"""Which dead letters a command line means: those that it names, or all that its filters match; and their source."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from contracts.topics import Topics
from infra.contexts import chosen_contexts
from infra.settings import Settings
from workers.operations.dead_letters.choosing import LetterChoice, LetterFilters, LetterState
from workers.operations.dead_letters.letter import InvalidRecordPosition, RecordPosition

if TYPE_CHECKING:
    from infra.postgres.pool import Database
    from workers.operations.dead_letters.reading import DeadLetters

StateName = Literal["open", "retried", "discarded", "all"]

TopicOption = Annotated[
    str | None, typer.Option("--topic", help="Only letters from this topic, such as users.commands.")
]
ContextOption = Annotated[str | None, typer.Option("--context", help="Only letters from this context's commands.")]
ReasonFilter = Annotated[str | None, typer.Option("--dlq-reason", help="Only letters with this reason.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only this command: users.CreateUser, or with its .v1.")]
StreamOption = Annotated[str | None, typer.Option("--stream", help="Only letters whose key is this stream id.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only letters written at this time or later, RFC 3339.")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="Only letters written before this time, RFC 3339.")]
StateOption = Annotated[StateName, typer.Option("--state", help="What operators have done to them so far.")]


def chosen_by_id(ids: Sequence[str]) -> LetterChoice:
    """The letters with these ids. Raises BadParameter for an invalid id."""
    try:
        positions = list(dict.fromkeys(_with_prefix(RecordPosition.parse(id_)) for id_ in ids))
    except InvalidRecordPosition as error:
        raise typer.BadParameter(str(error)) from error
    return LetterChoice(positions, (), LetterFilters(), None)


def chosen_by_filter(topic: str | None, context: str | None, filters: LetterFilters, state: StateName) -> LetterChoice:
    """The letters that match. Raises BadParameter for a topic or context that does not exist."""
    settings = Settings()
    topics = Topics(settings.topic_prefix)
    names = {topics.commands(name): name for name in chosen_contexts(settings)}
    if context is not None and context not in names.values():
        raise typer.BadParameter(f"there is no context {context}; known: {', '.join(names.values())}")
    if topic is not None:
        topic = topic.removesuffix(".dlq")
        topic = topic if topic in names else topics.prefix + topic
        if topic not in names:
            raise typer.BadParameter(f"{topic} has no dead letters; known: {', '.join(names)}")
    matching = [
        candidate for candidate, name in names.items() if topic in (None, candidate) and context in (None, name)
    ]
    letter_state: LetterState | None = None if state == "all" else state
    return LetterChoice((), matching, filters, letter_state)


def chosen(
    ids: Sequence[str] | None,
    all_matching: bool,
    topic: str | None,
    context: str | None,
    filters: LetterFilters,
    state: StateName,
) -> LetterChoice:
    """The letters to act on: those with the ids, or with --all-matching all that match. Raises BadParameter."""
    if bool(ids) == all_matching:
        raise typer.BadParameter("name the letters by their ids, or say --all-matching")
    if not ids:
        return chosen_by_filter(topic, context, filters, state)
    if topic is not None or context is not None or filters != LetterFilters():
        raise typer.BadParameter("give ids or filters, not both")
    return chosen_by_id(ids)


def time_of(text: str | None, option: str) -> datetime | None:
    """The time that an option gives. Raises BadParameter."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} is not an RFC 3339 time such as 2026-01-31T12:00:00Z") from error
    if time.tzinfo is None:
        raise typer.BadParameter(f"{option} needs a time zone, such as the Z in 2026-01-31T12:00:00Z")
    return time


@asynccontextmanager
async def open_dead_letters(role: str = "annals_reader") -> "AsyncIterator[tuple[DeadLetters, Database]]":
    """The letters of all contexts' commands, and the database; as `annals_audit` to record what is done about them."""
    from infra.cli.table import event_table
    from infra.kafka.log_reader import LogReader
    from infra.locating import located
    from infra.postgres.interventions import PostgresInterventions
    from infra.telemetry.logs import quiet_for_a_command
    from workers.operations.dead_letters.reading import DeadLetters

    quiet_for_a_command()
    settings = located(Settings())
    topics = Topics(settings.topic_prefix)
    log = LogReader(settings)
    try:
        async with event_table(settings, role=role) as database:
            names = [topics.commands(name) for name in chosen_contexts(settings)]
            yield DeadLetters(log, PostgresInterventions(database), names), database
    finally:
        await log.stop()


def _with_prefix(position: RecordPosition) -> RecordPosition:
    """An id may leave out the topics' prefix."""
    prefix = Settings().topic_prefix
    return position if position.topic.startswith(prefix) else position._replace(topic=prefix + position.topic)
