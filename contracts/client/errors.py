"""Why a command was not sent or an event not read. Every error keeps its facts as attributes."""


class ClientError(Exception):
    """The base of all errors of the client."""


class ClientNotRunning(ClientError):
    """The client was used before `start` or after `stop`. Use it inside `async with`."""

    def __init__(self) -> None:
        super().__init__("the client is not running: call start() first, or use it inside `async with`")


class KafkaUnavailable(ClientError):
    """Kafka did not answer within the deadline. Try again later, with the same command id: that is harmless.

    `command_id` is None when no command was sent. `may_arrive`: the broker may have the command after all. Then it is
    handled once, however often it is sent again under its id.
    """

    def __init__(
        self, explanation: str, *, waited_seconds: float, command_id: str | None = None, may_arrive: bool = False
    ) -> None:
        subject = "Kafka" if command_id is None else f"Kafka did not acknowledge command {command_id}: it"
        advice = "; it may arrive all the same, so send it again under the same id" if may_arrive else ""
        super().__init__(f"{subject} is not available ({explanation}; waited {waited_seconds:g} s){advice}")
        self.explanation = explanation
        self.waited_seconds = waited_seconds
        self.command_id = command_id
        self.may_arrive = may_arrive


class NoOutcome(ClientError):
    """No outcome has come within the deadline. The command may have been handled: ask again under its id."""

    def __init__(self, command_id: str, waited_seconds: float) -> None:
        super().__init__(
            f"command {command_id} has no outcome after {waited_seconds:g} s; it may have been handled, so ask again "
            "under the same id"
        )
        self.command_id = command_id
        self.waited_seconds = waited_seconds


class TooManyCommands(ClientError):
    """More commands are under way than the client allows; this one was not sent. Slow down or raise the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} commands are under way, which is the limit; this one was not sent")
        self.limit = limit


class CommandTooLarge(ClientError):
    """A command's JSON is larger than Annals reads; it was not sent."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"the command has {size_bytes} bytes as JSON; at most {limit_bytes} are read")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class UnknownEventType(ClientError):
    """The installed contracts do not know an event's type. Install newer contracts, or read the event's `data`."""

    def __init__(self, type_: str) -> None:
        super().__init__(f"the installed contracts know no event {type_}")
        self.type = type_


class EventsMissing(ClientError):
    """The log lacks events, from sequence `first` to `last` of a partition, and none of them has come within the wait.

    An operator appends them by `annals verify --repair`; a reader that begins again at its position gets them then.
    """

    def __init__(self, topic: str, partition: int, first: int, last: int) -> None:
        super().__init__(
            f"{topic}/{partition}: the log lacks the events {first} to {last}; only the event table has them: "
            "run `annals verify --repair`"
        )
        self.topic = topic
        self.partition = partition
        self.first = first
        self.last = last


class PositionMoved(ClientError):
    """Raised by a handler: the stored position of a partition is not the one that its batch begins at, so another
    reader has handled these events. Nothing of the batch may be stored.
    """

    def __init__(self, partition: int, sequence: int) -> None:
        super().__init__(f"the position of partition {partition} is no longer {sequence}: another reader has moved it")
        self.partition = partition
        self.sequence = sequence
