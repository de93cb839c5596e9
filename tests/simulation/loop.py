"""An event loop in virtual time, for many processes. A seeded draw decides which process runs next.

Within a process the order of steps is asyncio's own; between processes there is no order. When no step is ready, time
jumps to the next timer. The same seed gives the same run, step by step.
"""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial
from random import Random
from typing import Any, TypeVarTuple, Unpack

from tests.simulation.process import PROCESS, Condition, Process

Arguments = TypeVarTuple("Arguments")


class Standstill(Exception):
    """No step is ready and no timer runs, but the condition that the caller waits for has not come."""


class SimulatedLoop(asyncio.AbstractEventLoop):
    """What asyncio's tasks, timeouts, queues and locks need of a loop. There are no sockets and no threads."""

    def __init__(self, chance: Random) -> None:
        self.now = 0.0
        self.outside = Process("outside")
        self.errors: list[str] = []
        self._chance = chance
        self._timers: list[tuple[float, int, Callable[[], object] | tuple[asyncio.TimerHandle, Process]]] = []
        self._timer_number = 0
        self._runnable: list[Process] = []
        self._current = self.outside
        self._closed = False

    # Processes

    def spawn(self, process: Process, main: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Start `main` as the root task of a process."""
        context = Context()
        context.run(PROCESS.set, process)
        task = asyncio.Task(main(), loop=self, context=context)
        process.tasks.append(task)
        return task

    def kill(self, process: Process) -> None:
        """kill -9: nothing of it runs again. The requests that it has sent still arrive."""
        process.condition = Condition.dead
        process.ready.clear()
        process.steps_to_interruption = -1

    def pause(self, process: Process, *, suspended: bool = False) -> None:
        """SIGSTOP; `suspended`: its clock and its timers stand still too, as on a machine that sleeps."""
        if process.condition is Condition.running:
            process.condition = Condition.paused
            process.suspended = suspended
            process.paused_at = self.now
            process.steps_to_interruption = -1

    def resume(self, process: Process) -> None:
        """SIGCONT."""
        if process.condition is Condition.paused:
            process.condition = Condition.running
            if process.suspended:
                process.suspended_seconds += self.now - process.paused_at
            for timer in process.suspended_timers:
                self._set(timer.when() + process.suspended_seconds, timer, process)
            process.suspended_timers.clear()
            self._list(process)

    def clock_of(self, process: Process) -> Callable[[], float]:
        """The process's monotonic clock."""
        return lambda: self.now - process.suspended_seconds + process.jumped_seconds

    def interrupt(self, process: Process, after_steps: int, action: Callable[[], None]) -> None:
        """Call `action` between two of the process's next steps."""
        process.steps_to_interruption, process.interruption = after_steps, action

    # What asyncio asks for

    def call_soon(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        context = copy_context() if context is None else context
        handle = asyncio.Handle(callback, args, self, context)
        self._enqueue(self._process_of(context), handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        context = copy_context() if context is None else context
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        process = self._process_of(context)
        self._set(when + process.suspended_seconds, timer, process)
        return timer

    def _process_of(self, context: Context) -> Process:
        process = context.get(PROCESS)
        return self.outside if process is None else process

    def outside_at(self, when: float, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments) -> None:
        """Call something of no process at this time: of the network, the servers or the faults."""
        self._timer_number += 1
        heapq.heappush(self._timers, (when, self._timer_number, partial(callback, *args)))

    def time(self) -> float:
        return self.now - self._current.suspended_seconds

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._current.tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep exceptions of steps, which are bugs. Results of tasks that are not awaited are no bugs."""
        if "handle" in context:
            self.errors.append(repr(context.get("exception")))

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return events._get_running_loop() is self

    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True
        self._timers.clear()
        self._runnable.clear()

    async def shutdown_asyncgens(self) -> None:
        """Do nothing: no generator is registered."""

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Do nothing: a cancelled timer is skipped when its time comes."""

    # Running

    def run_until_complete(self, future: Any) -> Any:
        """Run until a future or coroutine is done. Raises Standstill when it can't be any more."""
        task = asyncio.ensure_future(future, loop=self)
        self.run_while(lambda: not task.done())
        return task.result()

    def run_while(self, condition: Callable[[], bool]) -> None:
        """Run as long as `condition` holds. Raises Standstill when no step and no timer is left."""
        events._set_running_loop(self)
        try:
            while condition():
                if self._runnable:
                    self._turn()
                elif not self._advance():
                    raise Standstill
        finally:
            events._set_running_loop(None)
            self._current = self.outside

    def _turn(self) -> None:
        """Run all steps that one process has ready."""
        runnable = self._runnable
        place = int(self._chance.random() * len(runnable)) if len(runnable) > 1 else 0
        process = runnable[place]
        runnable[place] = runnable[-1]
        runnable.pop()
        process.listed = False
        self._current = process
        ready = process.ready
        for _ in range(len(ready)):
            if process.steps_to_interruption >= 0:
                process.steps_to_interruption -= 1
                if process.steps_to_interruption < 0:
                    process.interruption()
            if process.condition is not Condition.running or not ready:
                break
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
        self._list(process)
        self._current = self.outside

    def _advance(self) -> bool:
        """Go on to the time of the next timer. False: there is none."""
        timers = self._timers
        while timers:
            when, _, due = heapq.heappop(timers)
            if isinstance(due, tuple):
                if self._is_due(when, *due):
                    self.now = max(self.now, when)
                    self._enqueue(due[1], due[0])
                    return True
            else:
                self.now = max(self.now, when)
                due()
                return True
        return False

    def _is_due(self, when: float, timer: asyncio.TimerHandle, process: Process) -> bool:
        """Whether a process's timer is due now. One that will be due later is set again."""
        if timer._cancelled or process.condition is Condition.dead:
            return False
        if process.condition is Condition.paused and process.suspended:
            process.suspended_timers.append(timer)
            return False
        later = timer.when() + process.suspended_seconds
        if later > when:
            self._set(later, timer, process)
        return later <= when

    def _set(self, when: float, timer: asyncio.TimerHandle, process: Process) -> None:
        self._timer_number += 1
        heapq.heappush(self._timers, (when, self._timer_number, (timer, process)))

    def _enqueue(self, process: Process, handle: asyncio.Handle) -> None:
        if process.condition is not Condition.dead:
            process.ready.append(handle)
            self._list(process)

    def _list(self, process: Process) -> None:
        if process.ready and not process.listed and process.condition is Condition.running:
            process.listed = True
            self._runnable.append(process)
