"""What a broker knows of a topic: its id, which tells it from another topic of the same name, and how many partitions
it has.

aiokafka 0.14 asks in a version of the Metadata request that does not know ids (KIP-516, brokers from 2.8 on), so the
version that does is written down here. Format: https://kafka.apache.org/protocol#The_Messages_Metadata
"""

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v4
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from contracts.client.rights import RightMissing
from contracts.client.rights import topics as resource_of

METADATA_API = 3
UNKNOWN_TOPIC = 3
LEADER_NOT_AVAILABLE = 5
NO_ID = bytes(16)
# Topics are looked at every few seconds and hardly ever change: an answer that was read before is not parsed again.
REMEMBERED_ANSWERS = 32


class TopicState(NamedTuple):
    """`id` as Kafka's tools print it; empty when the broker is too old to tell. `leader_epochs`: by partition, a number
    that grows with each election of a leader; partitions without one are left out.
    """

    id: str
    partitions: int
    leader_epochs: Mapping[int, int]


class _Uuid(AbstractType[bytes]):  # type: ignore[misc]  # aiokafka ships no types
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


class _MetadataResponse(Response):  # type: ignore[misc]  # as above
    API_KEY = METADATA_API
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("authorized_operations", Int32),
        ("tags", TaggedFields),
    )

    @classmethod
    def decode(cls, data: BytesIO | bytes) -> "_MetadataResponse":
        return _parsed(data if isinstance(data, bytes) else data.read())


@lru_cache(REMEMBERED_ANSWERS)
def _parsed(answer: bytes) -> _MetadataResponse:
    return _MetadataResponse(*_MetadataResponse.SCHEMA.decode(BytesIO(answer)))


class _MetadataRequest(RequestStruct):  # type: ignore[misc]  # as above
    FLEXIBLE_VERSION = True
    API_KEY = METADATA_API
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicStatesRequest(Request[MetadataRequest_v4 | _MetadataRequest]):  # type: ignore[misc]  # as above
    """Asks for some topics, and creates none."""

    API_KEY = METADATA_API

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = list(topics)

    def build(self, request_struct_class: type[Any]) -> Any:
        if request_struct_class is MetadataRequest_v4:
            return request_struct_class(self._topics, False)
        return request_struct_class([(NO_ID, topic, {}) for topic in self._topics], False, False, False, {})


@lru_cache(REMEMBERED_ANSWERS)
def topic_states(response: Any) -> Mapping[str, TopicState]:
    """By name, the topics that exist. A topic that the broker cannot describe now is left out. Raises RightMissing: one
    that the user may not see would look like one that was deleted.
    """
    topics = response.to_object()["topics"]
    if denied := [topic["topic"] for topic in topics if topic["error_code"] == TopicAuthorizationFailedError.errno]:
        raise RightMissing("Describe", resource_of(denied))
    return {
        topic["topic"]: TopicState(
            _readable(topic.get("topic_id", NO_ID)), len(topic["partitions"]), _leader_epochs(topic["partitions"])
        )
        for topic in topics
        if topic["error_code"] in (0, LEADER_NOT_AVAILABLE) and topic["partitions"]
    }


def _leader_epochs(partitions: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    return {
        partition["partition"]: partition["leader_epoch"] for partition in partitions if "leader_epoch" in partition
    }


def _readable(topic_id: bytes) -> str:
    return "" if topic_id == NO_ID else base64.urlsafe_b64encode(topic_id).rstrip(b"=").decode()
