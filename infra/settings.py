"""The settings of every process, read once from `ANNALS_*` environment variables. An empty variable counts as unset.

An address that is unset means the embedded server under `home`; `infra.locating.located` fills it in before a process
connects. Secrets are `SecretStr`, so neither a log line nor an error text can show them.
"""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.topics import MAX_UNPACKED_BATCH_BYTES
from infra.identity.addresses import FORM as ADDRESS_FORM
from infra.identity.addresses import is_trusted_address
from workers.gateway.hosts import AllowedHosts


class Settings(BaseSettings):
    """The settings of a process; see infra/README.md, "Settings"."""

    model_config = SettingsConfigDict(
        env_prefix="ANNALS_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    home: Path = Path(".annals")
    kafka_bootstrap_servers: str | None = None
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None

    partitions: int = Field(default=6, ge=1, le=1000)
    topic_prefix: str = Field(default="", pattern=r"^[a-zA-Z0-9._-]{0,80}$")
    replication_factor: int = Field(default=-1, ge=-1, le=9)

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    http_allowed_hosts: str | None = None
    http_max_connections: int = Field(default=4000, ge=1, le=100_000)
    http_max_peer_connections: int = Field(default=1000, ge=1, le=100_000)
    http_max_header_bytes: int = Field(default=16_384, ge=1024, le=1_048_576)
    http_header_seconds: float = Field(default=10.0, ge=0.1, le=600.0)
    http_body_seconds: float = Field(default=30.0, ge=0.1, le=600.0)
    http_idle_seconds: int = Field(default=5, ge=1, le=3600)
    http_reader_seconds: float = Field(default=30.0, ge=0.1, le=600.0)

    auth: Literal["none", "oidc"] = "none"
    auth_issuer: str | None = Field(default=None, max_length=1000)
    auth_audience: str | None = Field(default=None, max_length=1000)
    auth_jwks_url: str | None = Field(default=None, max_length=1000)
    auth_tls_ca_file: Path | None = None
    auth_leeway_seconds: float = Field(default=30.0, ge=0.0, le=300.0)
    auth_user_claim: str = Field(default="sub", min_length=1, max_length=200)
    auth_scope_claim: str | None = Field(default=None, max_length=200)
    auth_development_issuer: bool = False

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    metrics_open_to_network: bool = False

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_tls_ca_file: Path | None = None
    kafka_embedded_secured: bool = False
    instance: str | None = Field(default=None, pattern=r"^[a-zA-Z0-9._-]{1,200}$")
    kafka_session_timeout_seconds: float = Field(default=10.0, ge=1.0, le=300.0)
    kafka_max_unpacked_bytes: int = Field(default=MAX_UNPACKED_BATCH_BYTES, ge=16 * 1_048_576, le=1024 * 1_048_576)
    gateway_processes: int = Field(default=1, ge=1, le=64)
    audit_interval_seconds: float = Field(default=600.0, ge=1.0, le=86_400.0)

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_bootstrap_servers(cls, value: str | None) -> str | None:
        if value and not all(_is_host(server.strip()) for server in value.split(",")):
            raise ValueError("must have the form host:9092, or several of them with commas")
        return value

    @field_validator("http_allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: str | None) -> str | None:
        if value is not None:
            AllowedHosts.listed(value)
        return value

    @model_validator(mode="after")
    def _require_credentials(self) -> "Settings":
        given = self.kafka_sasl_username and self.kafka_sasl_password and self.kafka_sasl_password.get_secret_value()
        if self.kafka_security_protocol.startswith("SASL") and not given:
            raise ValueError(
                f"ANNALS_KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} asks for ANNALS_KAFKA_SASL_USERNAME "
                "and ANNALS_KAFKA_SASL_PASSWORD"
            )
        return self

    @field_validator("auth_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None) -> str | None:
        if value is not None and not is_trusted_address(value):
            raise ValueError(ADDRESS_FORM)
        return value

    @field_validator("auth_jwks_url")
    @classmethod
    def _is_jwks_url(cls, value: str | None) -> str | None:
        if value is not None and not is_trusted_address(value, may_have_query=True):
            raise ValueError(ADDRESS_FORM)
        return value

    @model_validator(mode="after")
    def _require_issuer(self) -> "Settings":
        named = {"ANNALS_AUTH_ISSUER": self.auth_issuer, "ANNALS_AUTH_AUDIENCE": self.auth_audience}
        if self.auth == "oidc" and not self.auth_development_issuer:
            missing = [name for name, value in named.items() if not value]
            if missing:
                raise ValueError(f"ANNALS_AUTH=oidc asks for {' and '.join(missing)}")
        if self.auth_development_issuer and (self.auth == "none" or any([*named.values(), self.auth_jwks_url])):
            raise ValueError(
                "ANNALS_AUTH_DEVELOPMENT_ISSUER stands in place of ANNALS_AUTH_ISSUER, ANNALS_AUTH_AUDIENCE and "
                "ANNALS_AUTH_JWKS_URL, and needs ANNALS_AUTH=oidc"
            )
        return self

    @field_validator("database_url")
    @classmethod
    def _is_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        return _of_form(value, ("postgresql", "postgres"), "postgresql://user:password@host:5432/database")

    @field_validator("redis_url")
    @classmethod
    def _is_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        return _of_form(value, ("redis", "rediss", "unix"), "redis://user:password@host:6379/0")

    def environment(self) -> dict[str, str]:
        """These settings as the environment of a child process, secrets included; defaults are left out."""
        given: dict[str, str] = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.default:
                plain = value.get_secret_value() if isinstance(value, SecretStr) else value
                given[f"ANNALS_{name.upper()}"] = str(plain)
        return given


def _of_form(value: SecretStr | None, schemes: tuple[str, ...], form: str) -> SecretStr | None:
    """Checks a URL here, because a driver's error message would quote parts of it, perhaps of the password."""
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        hosts = parts.netloc.rpartition("@")[2]
        usable = parts.scheme in schemes and (not hosts or all(_is_host(host) for host in hosts.split(",")))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"must have the form {form}; in a password, :/?#[]@% are written as %3A and so on")
    return value


def _is_host(place: str) -> bool:
    """Whether this is `host`, `host:port` or `[host]:port` in a form that every driver accepts."""
    bare = ":" not in place or place.endswith("]")
    host, port = (place, "0") if bare else (place.rpartition(":")[0], place.rpartition(":")[2])
    try:
        host.encode("idna")  # as sockets do: no label of a name is empty or longer than 63 bytes
    except UnicodeError:
        return False
    named = bool(host) and not set(host) & set("/@ \t\r\n\0")
    return named and port.isascii() and port.isdigit() and int(port) < 65_536
