"""The driver's exceptions, sorted by what to do next (contracts/client/kafka_errors.py)."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError

from contracts.client.kafka_errors import Next, error_text, step_after
from workers.ports.lanes import Unavailable

KAFKA_FAULTS = (KafkaError, OSError)  # TimeoutError is an OSError
"""What the driver raises when a broker is away, refuses a request, or was used wrongly."""


def unavailable(error: BaseException, what: str = "") -> Unavailable:
    """The port's exception for one of the driver's; its text begins with `what`. A bug is raised as it is."""
    step, advice = step_after(error)
    if step is Next.BUG:
        raise error
    return Unavailable("Kafka", f"{what}: {error_text(error)}" if what else error_text(error), advice)


def advice_on(error: BaseException) -> str:
    """What an operator can do about it; empty when there is nothing to do."""
    return step_after(error)[1]


@contextmanager
def faults_sorted(what: str = "") -> Iterator[None]:
    """Turn the driver's exceptions into Unavailable; a bug passes through."""
    try:
        yield
    except KAFKA_FAULTS as error:
        raise unavailable(error, what) from error


def ends_client(error: BaseException) -> bool:
    """Whether the client that raised this must be replaced."""
    return step_after(error)[0] is Next.REPLACE
