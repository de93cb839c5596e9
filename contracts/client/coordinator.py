"""Group coordinators whose tasks do not end by a cancellation that was meant for another one.

aiokafka ends its own tasks by `task.cancel(); await task`, and expects that they swallow the cancellation. A task that
has not begun yet does not, nor does one that stands at a place where nothing catches it, as a heartbeat that leaves the
group of a slow handler. Then the CancelledError ends the task that waits: the one that keeps the membership, for good,
and through `getmany` that of the caller.
"""

import asyncio
from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator, NoGroupCoordinator


class MemberCoordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka ships no types
    """That of a member of a group."""

    _heartbeat_task: "asyncio.Task[Any] | None"
    _commit_refresh_task: "asyncio.Task[Any] | None"

    async def _stop_heartbeat_task(self) -> None:
        task, self._heartbeat_task = self._heartbeat_task, None
        await _end(task)

    async def _stop_commit_offsets_refresh_task(self) -> None:
        task, self._commit_refresh_task = self._commit_refresh_task, None
        await _end(task)


class LoneCoordinator(NoGroupCoordinator):  # type: ignore[misc]  # as above
    """That of a consumer in no group."""

    _reset_committed_task: "asyncio.Task[Any] | None"

    async def close(self) -> None:
        """As aiokafka's."""
        task, self._reset_committed_task = self._reset_committed_task, None
        await _end(task)


async def _end(task: "asyncio.Task[Any] | None") -> None:
    """Cancel a task, and wait until it has ended, in whichever way. Its error is raised, as aiokafka's way does."""
    if task is None or task.done():
        return
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()):
        raise error
