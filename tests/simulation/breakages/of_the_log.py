"""Topics, commands and events."""

from typing import Any

from contracts.users.commands import WelcomeUser
from infra.memory.lane_rows import OpenLaneInterruption
from infra.memory.table import Table
from tests.simulation.breakages.parts import LANE, command_lane
from tests.simulation.calm_schedule import CHANGED, record_of
from tests.simulation.commands import COMMANDS, EVENTS, PARTITIONS, TOPICS
from tests.simulation.roles import Servers
from workers.ports.event_store import EventRow
from workers.ports.lanes import Interruption, LaneKey
from workers.ports.log import OutboundRecord
from workers.ports.outcomes import CommandKey

STRANGER = OutboundRecord(b"user-0", b"{}", [])


def recreate_a_topic(servers: Servers) -> None:
    servers.broker.recreate_topic(TOPICS.replies, PARTITIONS + 1)


def interrupt_a_lane(servers: Servers) -> None:
    reason = Interruption("deleted", "topic-1", "topic-1", 0, 3, 9, 3)
    lane = LaneKey("command", COMMANDS, LANE)
    servers.table.open_interruptions.append(OpenLaneInterruption(lane, servers.table.now(), reason))


def send_a_command(servers: Servers) -> None:
    servers.broker.append(COMMANDS, LANE, [record_of(WelcomeUser(user_id=CHANGED))])


def pass_a_command_over(servers: Servers) -> None:
    send_a_command(servers)
    command_lane(servers).consumed += 1


def _events_of(servers: Servers, user_id: str) -> list[EventRow]:
    return servers.table.streams["users", user_id]


def _replace_event(table: Table, row: EventRow, **changes: Any) -> None:
    """Change an event by hand, in both orders in which the table keeps it."""
    for rows in (table.events[row.context, row.partition], table.streams[row.context, row.stream_id]):
        rows[rows.index(row)] = row._replace(**changes)


def shorten_the_log(servers: Servers) -> None:
    servers.broker.shorten(EVENTS, LANE, servers.broker.end(EVENTS, LANE) - 1)


def set_a_lane_back(servers: Servers) -> None:
    command_lane(servers).sequence -= 1


def set_the_table_back(servers: Servers) -> None:
    row = servers.table.events["users", LANE].pop()
    servers.table.streams[row.context, row.stream_id].remove(row)
    command_lane(servers).sequence -= 1


def change_an_event(servers: Servers) -> None:
    row = _events_of(servers, CHANGED)[0]
    _replace_event(servers.table, row, data=row.data.replace(b"Lovelace", b"Byron"))


def write_to_the_log(servers: Servers) -> None:
    servers.broker.append(EVENTS, LANE, [STRANGER])


def forget_an_outcome(servers: Servers) -> None:
    event = _events_of(servers, CHANGED)[0]
    del servers.table.commands[CommandKey(event.context, event.stream_id, event.command_id)]


def leave_a_version_out(servers: Servers) -> None:
    row = _events_of(servers, CHANGED)[-1]
    _replace_event(servers.table, row, stream_version=row.stream_version + 1)
