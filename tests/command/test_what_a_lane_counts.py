"""What a command lane counts for its operators: by the names and labels that dashboards rely on."""

from contracts.users.examples import CREATE_ADA, CREATE_GRACE, MOVE_ADA_TO_TURIN
from tests.command.installation import COMMANDS, Installation, record
from tests.command.test_a_domain_with_a_bug import raising
from tests.counted import Counted

ACCEPTED = {"context": "users", "type": "users.CreateUser.v1", "status": "accepted", "code": ""}
REJECTED = {"context": "users", "type": "users.UpdateUser.v1", "status": "rejected", "code": "UserNotFound"}


async def test_is_each_outcome_with_its_type_status_and_code() -> None:
    accepted, rejected = Counted(annals_commands_total=ACCEPTED), Counted(annals_commands_total=REJECTED)
    events = Counted(annals_events_total={"context": "users"}, annals_commands_repeated_total={"context": "users"})
    first = record(CREATE_ADA, 1)
    nobody = MOVE_ADA_TO_TURIN.model_copy(update={"user_id": "nobody"})
    await Installation().handle([first, record(CREATE_GRACE, 2), record(nobody, 3), first._replace(offset=4)])
    assert accepted.grown() == {"annals_commands_total": 2}
    assert rejected.grown() == {"annals_commands_total": 1}
    assert events.grown() == {"annals_events_total": 2, "annals_commands_repeated_total": 1}


async def test_is_each_dead_letter_with_its_reason() -> None:
    failed = Counted(annals_dead_letters_total={"topic": COMMANDS, "reason": "HandlerFailed"})
    malformed = Counted(annals_dead_letters_total={"topic": COMMANDS, "reason": "MalformedJson"})
    installation = Installation(raising(deciding=lambda _, command: command.stream_id == CREATE_GRACE.user_id))
    await installation.handle([record(CREATE_GRACE, 1), record(CREATE_ADA, 2, value=b"{")])
    assert failed.grown() == malformed.grown() == {"annals_dead_letters_total": 1}


async def test_is_each_command_sent_to_another_partition() -> None:
    redirected = Counted(annals_commands_redirected_total={"topic": COMMANDS})
    installation = Installation(partitions=6)
    names = [f"user-{number}" for number in range(20)]
    commands = [CREATE_ADA.model_copy(update={"user_id": name, "email": f"{name}@example.org"}) for name in names]
    await installation.handle([record(command, number) for number, command in enumerate(commands)])
    sent = [message.key for topic, _, message in installation.sender.delivered if topic == COMMANDS]
    assert 0 < len(sent) < 20
    assert redirected.grown() == {"annals_commands_redirected_total": len(sent)}


async def test_is_each_snapshot() -> None:
    snapshots_counter = Counted(annals_snapshots_total={"context": "users"})
    installation = Installation(snapshot_interval_events=2)
    changes = [MOVE_ADA_TO_TURIN.model_copy(update={"city": f"city {number}"}) for number in range(3)]
    await installation.handle(*[[record(command, number)] for number, command in enumerate([CREATE_ADA, *changes], 1)])
    assert snapshots_counter.grown() == {"annals_snapshots_total": 2}


async def test_is_each_event_that_an_earlier_owner_had_left() -> None:
    installation = Installation()
    await installation.handle([record(CREATE_ADA, 1), record(CREATE_GRACE, 2)])
    republished = Counted(annals_events_republished_total={"context": "users"})
    shortened = Counted(annals_log_shortened_total={"topic": "users.events"})
    installation.published.clear()
    await installation.handle()
    assert republished.grown() == {"annals_events_republished_total": 2}
    assert shortened.grown() == {"annals_log_shortened_total": 1}


async def test_is_each_snapshot_that_is_not_used() -> None:
    """And what follows is decided on all events of its stream, and on those of the others from their snapshots."""
    installation = Installation(snapshot_interval_events=2)
    changes = [MOVE_ADA_TO_TURIN.model_copy(update={"city": f"city {number}"}) for number in range(2)]
    others = [command.model_copy(update={"user_id": CREATE_GRACE.user_id}) for command in changes]
    commands = [CREATE_ADA, CREATE_GRACE, *changes, *others]
    await installation.handle(*[[record(command, number)] for number, command in enumerate(commands, 1)])
    place = ("users", CREATE_ADA.user_id)
    snapshots = installation.table.table.snapshots
    snapshots[place] = snapshots[place]._replace(digest="another")
    unusable = Counted(annals_snapshots_unusable_total={"context": "users", "step": "reading"})
    last = [command.model_copy(update={"city": "Rome"}) for command in (changes[0], others[0])]
    await installation.handle([record(command, number) for number, command in enumerate(last, 7)])
    assert unusable.grown() == {"annals_snapshots_unusable_total": 1}
    versions = {row.stream_id: row.stream_version for row in installation.table.lane()}
    assert versions == {CREATE_ADA.user_id: 4, CREATE_GRACE.user_id: 4}
