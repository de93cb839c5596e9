"""What a port raises says what is wrong in one sentence, and has its facts as attributes for who acts on them."""

from typing import Any

import pytest

from workers.ports.commands import Overloaded, TooLarge
from workers.ports.event_store import ClaimsRefused, Unstorable
from workers.ports.lanes import Fenced, LaneKey, Unavailable
from workers.ports.parked import TooManyParked

LANE = LaneKey("command", "users.commands", 3)
TAKEN = frozenset({("email", "ada@example.org")})


@pytest.mark.parametrize(
    ("error", "facts", "text"),
    [
        (Overloaded("commands", 100), {"what": "commands", "limit": 100}, "100 commands are under way"),
        (TooLarge(9, 8), {"size_bytes": 9, "limit_bytes": 8}, "has 9 bytes as JSON; at most 8 are allowed"),
        (ClaimsRefused(TAKEN), {"refused": TAKEN}, "1 reservations are held"),
        (Unstorable("a NUL"), {"explanation": "a NUL"}, "refused a value: a NUL"),
        (Fenced(LANE, 7), {"lane": LANE, "epoch": 7}, "no longer held in epoch 7"),
        (Unavailable("Kafka", "gone"), {"server": "Kafka", "explanation": "gone"}, "Kafka is not available: gone"),
        (TooManyParked("users", 5), {"follower": "users", "limit": 5}, "more than 5 streams"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_in_a_sentence_and_as_attributes(error: Exception, facts: dict[str, Any], text: str) -> None:
    assert {name: getattr(error, name) for name in facts} == facts
    assert text in str(error)
