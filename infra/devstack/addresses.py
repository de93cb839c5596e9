"""Where Kafka, PostgreSQL and Redis are: what the environment names, and for the rest the running embedded stack.

Every process calls `located` once, before it connects to anything. The state file `<home>/run/stack.json` holds
passwords: its mode is 0600, and neither the values here nor the errors show them.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from infra.devstack.errors import StackNotRunning
from infra.devstack.home import Home, read_json, write_json
from infra.devstack.records import read_record
from infra.devstack.shown import shown
from infra.settings import Settings

__all__ = [
    "Addresses",
    "StackNotRunning",
    "configured_fields",
    "embedded",
    "located",
    "publish",
    "withdraw",
]

POLL_INTERVAL_SECONDS = 0.1

# The field of the settings, and the embedded server that stands in when it is unset.
SERVER_OF_FIELD = {
    "kafka_bootstrap_servers": "kafka",
    "database_url": "postgres",
    "redis_url": "redis",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """The three addresses. The URLs carry passwords, so `repr` leaves them out."""

    kafka_bootstrap_servers: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)

    def by_field(self) -> dict[str, str]:
        """The addresses by the name of their field, which is also their name in `Settings`."""
        return {name: getattr(self, name) for name in SERVER_OF_FIELD}

    def environment(self) -> dict[str, str]:
        """The addresses as environment variables for a child process."""
        return {variable(name): address for name, address in self.by_field().items()}


def variable(name: str) -> str:
    """The environment variable of a field of the settings."""
    return f"ANNALS_{name.upper()}"


def configured_fields(settings: Settings) -> dict[str, str]:
    """The addresses that the settings name themselves, by field."""
    found = {}
    for name in SERVER_OF_FIELD:
        value = getattr(settings, name)
        if value:
            found[name] = value.get_secret_value() if isinstance(value, SecretStr) else value
    return found


def embedded(home: Home) -> dict[str, str]:
    """The addresses of the embedded servers of this home that run now, by field; empty when none does."""
    state = read_json(home.run_file("stack")) or {}
    return {
        name: state[name]
        for name, server in SERVER_OF_FIELD.items()
        if name in state and (record := read_record(home, server)) is not None and record.process() is not None
    }


def located(settings: Settings, *, wait_seconds: float = 0) -> Settings:
    """A copy of the settings with all three addresses filled in.

    Blocks for up to `wait_seconds` while the embedded stack comes up. Raises `StackNotRunning` when an address is still
    unknown then.
    """
    deadline = time.monotonic() + wait_seconds
    home = Home(settings.home)
    while True:
        found: dict[str, str] = {**embedded(home), **configured_fields(settings)}
        missing = [name for name in SERVER_OF_FIELD if name not in found]
        if not missing:
            return settings.model_copy(update=as_setting_values(found))
        if time.monotonic() >= deadline:
            raise _not_running(home, missing)
        time.sleep(POLL_INTERVAL_SECONDS)


def as_setting_values(found: dict[str, str]) -> dict[str, Any]:
    """Addresses by field, in the types that `Settings` gives them."""
    return {name: SecretStr(value) if name.endswith("_url") else value for name, value in found.items()}


def _not_running(home: Home, missing: list[str]) -> StackNotRunning:
    servers = ", ".join(SERVER_OF_FIELD[name] for name in missing)
    running = embedded(home)
    detail = (
        f"The embedded stack of {shown(home.path)} runs without its own {servers}."
        if running
        else f"No embedded servers run for {shown(home.path)}, and {servers} must be reached."
    )
    return StackNotRunning(home.path, tuple(variable(name) for name in missing), detail)


def publish(home: Home, addresses: dict[str, str]) -> None:
    """Writes the state file: from now on other processes find the embedded servers."""
    write_json(home.run_file("stack"), addresses)


def withdraw(home: Home) -> None:
    """Removes the state file; harmless when there is none."""
    home.run_file("stack").unlink(missing_ok=True)
