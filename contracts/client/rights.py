"""What a broker denies, said in the words of Kafka's ACLs: which right on which topic, group or cluster is missing."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from aiokafka import errors

DENIED = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)
"""How the driver reports that the user lacks a right."""


class RightMissing(errors.TopicAuthorizationFailedError):  # type: ignore[misc]  # aiokafka ships no types
    """The user may not do something. `right` and `resource` are those of an ACL: `Write`, `topic users.commands`."""

    def __init__(self, right: str, resource: str) -> None:
        super().__init__(right, resource)
        self.right = right
        self.resource = resource

    def __str__(self) -> str:
        return f"the right {self.right} on {self.resource} is missing"


@contextmanager
def needing(right: str, resource: str) -> Iterator[None]:
    """Raises RightMissing when the block is denied something."""
    try:
        yield
    except DENIED as error:
        raise RightMissing(right, resource) from error


def topics(names: Collection[str]) -> str:
    """Topics as the resource of a RightMissing."""
    return f"{'topic' if len(names) == 1 else 'topics'} {', '.join(sorted(names))}"


def reading_denied(error: errors.KafkaError) -> errors.KafkaError:
    """The RightMissing for what a consumer was denied; another error as it is."""
    if isinstance(error, RightMissing) or not isinstance(error, DENIED) or not error.args:
        return error
    denied = error.args[0]
    if isinstance(error, errors.GroupAuthorizationFailedError):
        return RightMissing("Read", f"group {denied}")
    return RightMissing("Read", topics([denied] if isinstance(denied, str) else denied))
