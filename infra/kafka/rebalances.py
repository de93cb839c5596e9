"""What happens in a rebalance, from aiokafka's listener to that of the lanes."""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition

from workers.ports.log import Partition

Listener = Callable[[frozenset[Partition]], Awaitable[None]]


class Rebalanced(Protocol):
    """The part of a subscription that a rebalance concerns."""

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """Drop the positions of partitions that were revoked."""
        ...

    def pause(self, partition: Partition) -> None:
        """Fetch nothing of the partition until it is resumed."""
        ...


class Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Passes rebalances on; aiokafka would only log an exception of ours, so they must not raise."""

    def __init__(self, subscription: Rebalanced, assigned: Listener, revoked: Listener) -> None:
        self._subscription = subscription
        self._assigned = assigned
        self._revoked = revoked

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._subscription.forget(revoked)
        await self._revoked(frozenset(Partition(*partition) for partition in revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        partitions = frozenset(Partition(*partition) for partition in assigned)
        for partition in partitions:
            self._subscription.pause(partition)
        await self._assigned(partitions)
