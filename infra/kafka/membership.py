"""A member of a consumer group that leaves it when it stops, so that its partitions move at once.

aiokafka's members leave, but not those with a name (`group_instance_id`, KIP-345): after an orderly stop their
partitions would wait for the session timeout, as after a crash. Here they leave too. After a crash a name still gives
its partitions back at once, as nobody has left.

aiokafka also waits for a rebalance that is under way before a member leaves, and that may take as long as the slowest
of the others. Here it leaves at once. The broker answers the requests of one connection one by one, and it does not
answer a JoinGroup before all have joined, so the member says in such a case that it leaves by another connection.

A member to which nothing has come for some seconds says less often that it is there: its heartbeats are the largest
part of what an idle installation costs. It may learn of a rebalance half a second later.
"""

import asyncio
from time import monotonic
from typing import Any

import structlog
from aiokafka.client import ConnectionGroup
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import JoinGroupRequest, LeaveGroupRequest_v1
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

from contracts.client.consumer import GatheringConsumer
from contracts.client.coordinator import MemberCoordinator
from contracts.client.fetch_waits import FetchClient

QUIET_HEARTBEAT_SECONDS = 1.0
LEAVE_GROUP_API = 13
ROUND_ROBIN = RoundRobinPartitionAssignor.name

log = structlog.get_logger(__name__)


class _LeaveGroupResponse(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = LEAVE_GROUP_API
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("members", Array(("member_id", String("utf-8")), ("name", String("utf-8")), ("error_code", Int16))),
    )


class _LeaveGroupRequest(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = LEAVE_GROUP_API
    API_VERSION = 3
    RESPONSE_TYPE = _LeaveGroupResponse
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("members", Array(("member_id", String("utf-8")), ("name", String("utf-8")))),
    )


class LeaveGroup(Request[LeaveGroupRequest_v1 | _LeaveGroupRequest]):  # type: ignore[misc]  # as above
    """Has a member leave. aiokafka's own request does not know names, as those of brokers before 2.4. Format:
    https://kafka.apache.org/protocol#The_Messages_LeaveGroup
    """

    API_KEY = LEAVE_GROUP_API

    def __init__(self, group: str, member_id: str, name: str | None) -> None:
        self._group, self._member_id, self._name = group, member_id, name

    def build(self, request_struct_class: type[Any]) -> Any:
        if request_struct_class is LeaveGroupRequest_v1:
            return request_struct_class(self._group, self._member_id)
        return request_struct_class(self._group, [(self._member_id, self._name)])


class _LeavingCoordinator(MemberCoordinator):
    fetches: FetchClient | None = None
    _beat_at = 0.0

    async def _do_heartbeat(self) -> bool:
        """As aiokafka's, which asks for one at each interval; a quiet member leaves some of them out."""
        pause = min(QUIET_HEARTBEAT_SECONDS, self._session_timeout_ms / 4000)
        if self.fetches is not None and self.fetches.is_quiet and monotonic() - self._beat_at < pause:
            return True
        succeeded: bool = await super()._do_heartbeat()
        if succeeded:
            self._beat_at = monotonic()
        return succeeded

    async def _send_req(self, request: Any) -> Any:
        """As aiokafka's; who joins offers round robin too, for a group with members of earlier releases. aiokafka's own
        way, two assignors, joins twice: once for each, and the group rebalances twice.
        """
        if isinstance(request, JoinGroupRequest):
            offered = dict(request._group_protocols)  # noqa: SLF001  # aiokafka has no other way in
            if ROUND_ROBIN not in offered:
                topics = ConsumerProtocolMemberMetadata.decode(next(iter(offered.values()))).subscription
                offered[ROUND_ROBIN] = RoundRobinPartitionAssignor.metadata(topics).encode()
                request._group_protocols = list(offered.items())  # noqa: SLF001  # as above
        return await super()._send_req(request)

    def _lookup_assignor(self, name: str) -> Any:
        """As aiokafka's, and the one that is always offered."""
        return super()._lookup_assignor(name) or (RoundRobinPartitionAssignor if name == ROUND_ROBIN else None)

    async def close(self) -> None:
        """As aiokafka's. It is marked as closing first, so a member that has left does not join again."""
        if not self._closing.done():
            await asyncio.gather(super().close(), self._leave())

    async def _maybe_leave_group(self) -> None:
        """As aiokafka's, which `close` calls last: by then the member has left."""
        if self._closing.done():
            self.reset_generation()
        else:
            await super()._maybe_leave_group()

    async def _leave(self) -> None:
        """Leave the group by the id that the broker has given this member: a later one of the same name has another id,
        and stays. Who has a name, and joins for the first time, does not know its id yet; then the name must do. A
        failure is logged only: then the session timeout ends the membership.
        """
        member_id, name, node_id = self.member_id, self._group_instance_id, self.coordinator_id
        is_joining = self._performed_join_prepare
        if node_id is None or not (member_id or (name and is_joining)):
            return
        connection = ConnectionGroup.DEFAULT if is_joining else ConnectionGroup.COORDINATION
        try:
            answer = await self._client.send(node_id, LeaveGroup(self.group_id, member_id, name), group=connection)
            for code in (answer.error_code, *(member[-1] for member in getattr(answer, "members", ()))):
                if code:
                    raise for_code(code)
        except (KafkaError, OSError) as error:
            log.info("the group was not left; it waits for the session timeout", group=self.group_id, error=repr(error))


class MemberConsumer(GatheringConsumer):
    """A GatheringConsumer that leaves its group when it stops, also one with a name."""

    coordinator_class = _LeavingCoordinator

    async def start(self) -> None:
        """As aiokafka's."""
        await super().start()
        self._coordinator.fetches = self._fetcher.fetches

    def rejoin(self) -> None:
        """Have the group assign its partitions anew, as what this member says of itself has changed."""
        if self._coordinator is not None:
            self._coordinator.request_rejoin()
