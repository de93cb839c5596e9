"""What a port raises says what is wrong in one sentence, and has its facts as attributes for who acts on them."""

from typing import Any

import pytest

from workers.ports.commands import Overloaded, TooLarge
from workers.ports.event_store import ClaimConflict, Unstorable
from workers.ports.lanes import Fenced, LaneKey, Unavailable
from workers.ports.log import TopicMisfit
from workers.ports.parked import TooManyParked
from workers.ports.read_models import EvictionAllowed

LANE = LaneKey("command", "users.commands", 3)
TAKEN = frozenset({("email", "ada@example.org")})


# Each error is made within its test: what is made where tests are collected stands there before any change of it.
@pytest.mark.parametrize(
    ("error", "facts", "text"),
    [
        (Overloaded, {"what": "commands", "limit": 100}, "100 commands are under way"),
        (TooLarge, {"size_bytes": 9, "limit_bytes": 8}, "has 9 bytes as JSON; at most 8 are allowed"),
        (ClaimConflict, {"rejected": TAKEN}, "1 unique claims are held"),
        (Unstorable, {"explanation": "a NUL"}, "cannot store a value: a NUL"),
        (Fenced, {"lane": LANE, "epoch": 7}, "no longer held in epoch 7"),
        (Unavailable, {"server": "Kafka", "explanation": "gone"}, "Kafka is not available: gone"),
        (Unavailable, {"server": "Kafka", "explanation": "gone", "advice": "wait"}, "not available: gone; wait"),
        (TooManyParked, {"follower": "users", "limit": 5}, "more than 5 streams"),
        (TopicMisfit, {"topic": "users.commands", "partitions": 5, "wanted": 6}, "users.commands"),
        (TopicMisfit, {"topic": "users.commands", "partitions": 0, "wanted": 6}, "annals topics create"),
        (EvictionAllowed, {"where": "redis:6379", "policy": "allkeys-lru"}, "allkeys-lru"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_in_a_sentence_and_as_attributes(error: type[Exception], facts: dict[str, Any], text: str) -> None:
    raised = error(*facts.values())
    assert {name: getattr(raised, name) for name in facts} == facts
    assert text in str(raised)
