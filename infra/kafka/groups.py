"""The names of the consumer groups that Annals's processes are in, without ANNALS_TOPIC_PREFIX before each."""

from collections.abc import Iterable, Iterator

from workers.core.projection import Projection

COMMAND_GROUP = "annals-command"
SAGA_GROUP = "annals-saga"
ANALYTICS_GROUP = "annals-analytics"


def projection_group(projection: str, section: str = "") -> str:
    """The group that follows the events of a projection itself, or of one of its sections."""
    return f"annals-projection-{projection}-{section}" if section else f"annals-projection-{projection}"


def projection_groups(projections: Iterable[Projection]) -> Iterator[str]:
    """The groups of all these projections."""
    for projection in projections:
        yield from (projection_group(projection.name, section) for section, _ in projection.fed_by())
