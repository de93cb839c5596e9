"""Where Kafka, PostgreSQL and Redis are: the addresses that the settings name, and for the rest the embedded servers.

Every process calls `located` once, before it connects to anything. The embedded servers publish their addresses in
`<home>/run/stack.json`, for each account with its logins; this module is the only one that reads or writes that file.
It holds passwords: its mode is 0600, and neither the values here nor the errors show them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from infra.accounts import Account
from infra.child_processes.records import read_record
from infra.home import Home, printable, read_json, write_json
from infra.secret_files import SUFFIX
from infra.settings import Settings

POLL_INTERVAL_SECONDS = 0.1
STATE_FILE = "stack"

SERVER_OF_FIELD = {
    "kafka_bootstrap_servers": "kafka",
    "database_url": "postgres",
    "redis_url": "redis",
}
"""The field of the settings, and the embedded server that is used when the field is unset."""

LOGIN_FIELDS = (
    *("kafka_security_protocol", "kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password"),
    "kafka_tls_ca_file",
)
"""The fields by which a process logs in to an embedded Kafka that is secured. One that is not has none of them."""


class StackNotRunning(Exception):
    """An address was needed that neither the settings nor running embedded servers give."""

    def __init__(self, home: Path, missing_variables: tuple[str, ...], detail: str) -> None:
        self.home = home
        self.missing_variables = missing_variables
        self.detail = detail
        super().__init__(
            f"{detail} Start the embedded servers with `annals up`, or name your own: "
            f"set {', '.join(missing_variables)}."
        )


@dataclass(frozen=True, slots=True)
class Addresses:
    """The three addresses, with the logins that may do everything. The URLs carry passwords: `repr` leaves them out.
    `kafka_login` has the `LOGIN_FIELDS`; empty when no login is needed, or the settings name a Kafka of their own.
    """

    kafka_bootstrap_servers: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    kafka_login: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Addresses":
        """From the addresses and logins by field."""
        login = {name: fields[name] for name in LOGIN_FIELDS if name in fields}
        return cls(**{name: fields[name] for name in SERVER_OF_FIELD}, kafka_login=login)

    def by_field(self) -> dict[str, str]:
        """The addresses and logins by the name of their field, which is also their name in `Settings`."""
        return {name: getattr(self, name) for name in SERVER_OF_FIELD} | dict(self.kafka_login)

    def environment(self) -> dict[str, str]:
        """The addresses as environment variables for a child process; a file of a secret that it inherits is unset."""
        fields = self.by_field()
        files = {f"{variable(name)}{SUFFIX}": "" for name in fields if name.endswith(("_url", "_password"))}
        return {variable(name): value for name, value in fields.items()} | files


def variable(field_name: str) -> str:
    """The environment variable of a field of the settings."""
    return f"ANNALS_{field_name.upper()}"


def configured_addresses(settings: Settings) -> dict[str, str]:
    """The addresses that the settings name themselves, by field."""
    addresses = {}
    for name in SERVER_OF_FIELD:
        value = getattr(settings, name)
        if value:
            addresses[name] = value.get_secret_value() if isinstance(value, SecretStr) else value
    return addresses


def embedded_addresses(home: Home, account: Account = Account.OPERATOR) -> dict[str, str]:
    """The addresses of the embedded servers of this home that are running, by field, with the login of `account`."""
    published = (read_json(home.run_file(STATE_FILE)) or {}).get(account, {})
    addresses = {
        name: published[name]
        for name, server in SERVER_OF_FIELD.items()
        if name in published and (record := read_record(home, server)) is not None and record.process() is not None
    }
    if "kafka_bootstrap_servers" in addresses:
        addresses |= {name: published[name] for name in LOGIN_FIELDS if name in published}
    return addresses


def located(settings: Settings, *, account: Account = Account.OPERATOR, wait_seconds: float = 0) -> Settings:
    """A copy of the settings with all three addresses filled in; those of embedded servers with the login of `account`.

    Blocks for up to `wait_seconds` while the embedded servers start. Raises `StackNotRunning` when an address is still
    missing then.
    """
    deadline = time.monotonic() + wait_seconds
    home = Home(settings.home)
    while True:
        configured = configured_addresses(settings)
        addresses = merged(embedded_addresses(home, account), configured)
        missing = [name for name in SERVER_OF_FIELD if name not in addresses]
        if not missing:
            # What the settings name stays as it is: a secret knows from which file it was read.
            embedded = {name: value for name, value in addresses.items() if name not in configured}
            return settings.model_copy(update=as_setting_values(embedded))
        if time.monotonic() >= deadline:
            raise _not_running(home, missing)
        time.sleep(POLL_INTERVAL_SECONDS)


def merged(embedded: Mapping[str, str], configured: Mapping[str, str]) -> dict[str, str]:
    """The configured addresses, and for the rest those of the embedded servers with their logins."""
    is_own_kafka = "kafka_bootstrap_servers" in configured
    used = {name: value for name, value in embedded.items() if not (is_own_kafka and name in LOGIN_FIELDS)}
    return {**used, **configured}


def as_setting_values(addresses: Mapping[str, str]) -> dict[str, Any]:
    """Addresses and logins by field, in the types that `Settings` gives them."""
    return {name: _as_setting_value(name, value) for name, value in addresses.items()}


def _as_setting_value(name: str, value: str) -> Any:
    if name.endswith(("_url", "_password")):
        return SecretStr(value)
    return Path(value) if name.endswith("_file") else value


def _not_running(home: Home, missing: Sequence[str]) -> StackNotRunning:
    servers = ", ".join(SERVER_OF_FIELD[name] for name in missing)
    if embedded_addresses(home):
        detail = f"The embedded stack of {printable(home.path)} runs without its own {servers}."
    else:
        detail = f"No embedded servers run for {printable(home.path)}, and {servers} must be reached."
    return StackNotRunning(home.path, tuple(variable(name) for name in missing), detail)


def publish(home: Home, addresses: Mapping[Account, Mapping[str, str]]) -> None:
    """Writes the state file: from now on other processes find the embedded servers. `addresses` are those by field,
    with the login of each account.
    """
    write_json(home.run_file(STATE_FILE), {account.value: dict(own) for account, own in addresses.items()})


def withdraw(home: Home) -> None:
    """Removes the state file; harmless when there is none."""
    home.run_file(STATE_FILE).unlink(missing_ok=True)
