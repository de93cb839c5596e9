"""The load's mix of commands."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from contracts.users.commands import CreateUser
from infra.measuring.soak.load import CommandMix, Request


def _requests(seed: int) -> Iterator[Request]:
    mix = CommandMix(seed)
    while True:
        yield mix.next()


def test_is_the_same_for_the_same_seed() -> None:
    assert list(islice(_requests(5), 200)) == list(islice(_requests(5), 200))


def test_holds_every_command_taken_addresses_and_repeats_under_the_same_id() -> None:
    requests = list(islice(_requests(5), 5000))
    kinds = Counter(type(request.command).__name__ for request in requests)
    assert set(kinds) == {"CreateUser", "UpdateUser", "DeleteUser"}
    assert min(kinds.values()) > 100
    ids = Counter(request.command_id for request in requests)
    assert 100 < sum(count - 1 for count in ids.values()) < 1000
    assert len({(request.command_id, request.command.to_json()) for request in requests}) == len(ids)
    created = {request.command_id: request.command for request in requests if isinstance(request.command, CreateUser)}
    addresses = Counter(command.email for command in created.values())
    assert sum(count > 1 for count in addresses.values()) > 100
