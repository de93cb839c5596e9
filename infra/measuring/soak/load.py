"""The load of a soak: commands about users at a fixed rate, through the published client, as another service sends
them.

Open loop: a command leaves when it is due, whatever the state of the system, up to as many in flight as are due in ten
seconds; what is due beyond that is dropped, never sent later in a burst. What Kafka did not acknowledge is sent again
under its id after a while, as the client advises. Every acknowledged id goes into a file, so that memory does not grow
with the length of the run and the audit can look up each of them.
"""

import asyncio
import random
import uuid
from collections import deque
from pathlib import Path
from typing import NamedTuple

from contracts.client.command_client import CommandClient
from contracts.client.errors import KafkaUnavailable
from contracts.users.commands import CreateUser, DeleteUser, UpdateUser, UserCommand

TICK_SECONDS = 0.02
ANSWER_SECONDS = 30.0
ATTEMPTS = 12
"""Each takes up to the client's delivery timeout of 5 s."""
RETRY_SECONDS = 3.0
IN_FLIGHT_SECONDS = 10.0
KNOWN_USERS = 5_000
RECENT_COMMANDS = 500
CITIES = ("London", "Paris", "Turin", "Kyiv", "Lagos", "Lima")


class Tally:
    """The results of the load as its sender sees them. Each repeat under an old id counts as sent again."""

    def __init__(self) -> None:
        self.sent = 0
        self.answered = 0
        self.unanswered = 0
        self.resent = 0
        self.given_up = 0
        self.held_back = 0


class Request(NamedTuple):
    """A command and its id; a repeat has both from an earlier one."""

    command_id: str
    command: UserCommand


class CommandMix:
    """Draws commands: new users, changes, deletions, e-mail addresses that are taken, repeats under the same id."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a seed must repeat the load
        self._users: deque[str] = deque(maxlen=KNOWN_USERS)
        self._recent: deque[Request] = deque(maxlen=RECENT_COMMANDS)

    def next(self) -> Request:
        """The next request."""
        draw = self._chance.random()
        if draw < 0.06 and self._recent:
            return self._chance.choice(self._recent)
        request = Request(self._identifier(), self._command(draw))
        self._recent.append(request)
        return request

    def _command(self, draw: float) -> UserCommand:
        if draw < 0.60 or not self._users:
            return self._create(None)
        user_id = self._chance.choice(self._users)
        if draw < 0.66:
            return self._create(_address(user_id))
        if draw < 0.74:
            self._users.remove(user_id)
            return DeleteUser(user_id=user_id, reason="asked for it")
        if draw < 0.80:
            return UpdateUser(user_id=user_id, email=_address(self._chance.choice(self._users or [user_id])))
        if draw < 0.88:
            return UpdateUser(user_id=user_id, email=_address(self._identifier()))
        return UpdateUser(user_id=user_id, city=self._chance.choice(CITIES))

    def _create(self, taken_address: str | None) -> CreateUser:
        user_id = self._identifier()
        if taken_address is None:
            self._users.append(user_id)
        address = taken_address or _address(user_id)
        return CreateUser(user_id=user_id, first_name="Ada", last_name="Lovelace", email=address, city="London")

    def _identifier(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))


def _address(user_id: str) -> str:
    return f"{user_id}@example.org"


class Load:
    """Sends at a rate until it is told to stop. `acknowledged` is the file of ids, 16 bytes each."""

    def __init__(self, client: CommandClient, seed: int, per_second: float, acknowledged: Path) -> None:
        self.tally = Tally()
        self._client = client
        self._mix = CommandMix(seed)
        self._per_second = per_second
        self._file = acknowledged.open("ab")
        self._stopping = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._max_in_flight = int(IN_FLIGHT_SECONDS * per_second) + 1

    async def run(self) -> None:
        """Send until `stop`, then wait until each command in flight is answered or given up; all have deadlines."""
        loop = asyncio.get_running_loop()
        started, count = loop.time(), 0
        try:
            while not self._stopping.is_set():
                due = int((loop.time() - started) * self._per_second)
                for _ in range(due - count):
                    self._launch()
                count = due
                await asyncio.sleep(TICK_SECONDS)
            while self._in_flight:
                done, _ = await asyncio.wait(self._in_flight)
                for task in done:
                    task.result()
        finally:
            for task in self._in_flight:
                task.cancel()
            self._file.close()

    def stop(self) -> None:
        """Send no more commands."""
        self._stopping.set()

    def acknowledged(self, command_id: str) -> None:
        """Record that Kafka has acknowledged a command, which must therefore get an outcome."""
        self._file.write(uuid.UUID(command_id).bytes)

    def _launch(self) -> None:
        if len(self._in_flight) >= self._max_in_flight:
            self.tally.held_back += 1
            return
        task = asyncio.create_task(self._send_until_acknowledged(self._mix.next()))
        self._in_flight.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:  # an exception stays with its task for `run` to raise
            self._in_flight.discard(task)
        else:
            self._stopping.set()

    async def _send_until_acknowledged(self, request: Request) -> None:
        for _ in range(ATTEMPTS):
            try:
                outcome = await self._client.ask(
                    request.command, command_id=request.command_id, wait_seconds=ANSWER_SECONDS
                )
            except KafkaUnavailable:
                self.tally.resent += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.tally.sent += 1
            self.acknowledged(request.command_id)
            if outcome is None:
                self.tally.unanswered += 1
            else:
                self.tally.answered += 1
            return
        self.tally.given_up += 1
