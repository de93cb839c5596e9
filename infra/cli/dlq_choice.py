"""Which dead letters a command line means: those that it names, or all that its filters match; and their source."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from contracts.topics import Topics
from infra.cli.exits import CommandRefused
from infra.settings import Settings
from workers.dead_letters.choosing import Filters, State
from workers.dead_letters.letter import NotAPlace, Place
from workers.domain import contexts

if TYPE_CHECKING:
    from infra.dlq.reading import DeadLetters, Standing
    from infra.postgres.pool import Database

AnyState = Literal["open", "retried", "discarded", "all"]

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
StateOption = Annotated[AnyState, typer.Option("--state", help="What operators have done to them so far.")]


class Choice(NamedTuple):
    """`places` when letters are named; else the filters over these topics. `state` None: whatever was done to them."""

    places: Sequence[Place]
    topics: Sequence[str]
    filters: Filters
    state: State | None

    @classmethod
    def named(cls, ids: Sequence[str]) -> "Choice":
        """The letters with these ids. Raises BadParameter for what is no id."""
        try:
            places = list(dict.fromkeys(_with_prefix(Place.of(each)) for each in ids))
        except NotAPlace as error:
            raise typer.BadParameter(str(error)) from error
        return cls(places, list(dict.fromkeys(place.topic for place in places)), Filters(), None)

    @classmethod
    def filtered(cls, topic: str | None, context: str | None, filters: Filters, state: AnyState) -> "Choice":
        """The letters that match. Raises BadParameter for a topic or context that there is not."""
        topics = Topics(Settings().topic_prefix)
        known = {topics.commands(each): each for each in contexts()}
        if context is not None and context not in known.values():
            raise typer.BadParameter(f"there is no context {context}; known: {', '.join(known.values())}")
        if topic is not None:
            topic = topic.removesuffix(".dlq")
            topic = topic if topic in known else topics.prefix + topic
            if topic not in known:
                raise typer.BadParameter(f"{topic} has no dead letters; known: {', '.join(known)}")
        chosen = [each for each, name in known.items() if topic in (None, each) and context in (None, name)]
        return cls((), chosen, filters, None if state == "all" else state)


def chosen(
    ids: Sequence[str] | None,
    all_matching: bool,
    topic: str | None,
    context: str | None,
    filters: Filters,
    state: AnyState,
) -> Choice:
    """What to act on: the ids, or with --all-matching everything that matches. Raises BadParameter."""
    if bool(ids) == all_matching:
        raise typer.BadParameter("name the letters by their ids, or say --all-matching")
    if not ids:
        return Choice.filtered(topic, context, filters, state)
    if topic is not None or context is not None or filters != Filters():
        raise typer.BadParameter("give ids or filters, not both")
    return Choice.named(ids)


def moment(text: str | None, option: str) -> datetime | None:
    """The time that an option names. Raises BadParameter."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} is not an RFC 3339 time such as 2026-01-31T12:00:00Z") from error
    if found.tzinfo is None:
        raise typer.BadParameter(f"{option} needs a time zone, such as the Z in 2026-01-31T12:00:00Z")
    return found


@asynccontextmanager
async def dead_letters(role: str = "annals_reader") -> "AsyncIterator[tuple[DeadLetters, Database]]":
    """Kafka and the table, opened for reading letters; as `annals_writer` for recording what is done to them."""
    from infra.cli.table import event_table
    from infra.dlq.reading import DeadLetters
    from infra.kafka.log_reader import LogReader
    from infra.locating import located
    from infra.postgres.interventions import PostgresInterventions
    from infra.telemetry.logs import quiet_for_a_command

    quiet_for_a_command()
    settings = located(Settings())
    log = LogReader(settings)
    try:
        async with event_table(settings, role=role) as database:
            yield DeadLetters(log, PostgresInterventions(database)), database
    finally:
        await log.stop()


async def standings(letters: "DeadLetters", choice: Choice) -> "AsyncIterator[list[Standing]]":
    """The letters that are meant, in batches. Raises CommandRefused, before any, when a named one is not there."""
    if not choice.places:
        for topic in choice.topics:
            async for batch in letters.chosen(_dead(topic), choice.filters, choice.state):
                yield batch
        return
    known = {Topics(Settings().topic_prefix).commands(each) for each in contexts()}
    found: dict[Place, Standing] = {}
    for topic in choice.topics:
        if topic in known:
            found |= await letters.at(_dead(topic), [place for place in choice.places if place.topic == topic])
    missing = [str(place) for place in choice.places if place not in found]
    if missing:
        raise CommandRefused(f"no such dead letter: {', '.join(missing)}; `annals dlq list --state all` names them")
    yield [found[place] for place in choice.places]


def _dead(topic: str) -> str:
    return Topics.dead_letters(topic)


def _with_prefix(place: Place) -> Place:
    """An id may leave out the topics' prefix."""
    prefix = Settings().topic_prefix
    return place if place.topic.startswith(prefix) else place._replace(topic=prefix + place.topic)
