"""The settings of every process, read once from `ANNALS_*` environment variables. An empty variable counts as unset.

An address that is unset means the embedded server under `home`; `infra.locating.located` fills it in before a process
connects. Secrets are `SecretStr`, so neither a log line nor an error text can show them, and each may come from a file
(`infra.secret_files`).
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from contracts.installed import NAME_FORM, NAME_PATTERN
from contracts.topics import MAX_UNPACKED_BATCH_BYTES
from infra.identity.addresses import FORM as ADDRESS_FORM
from infra.identity.addresses import is_trusted_address
from infra.secret_files import SUFFIX, ReadSecret, SecretFile, SecretFiles, secret_in
from infra.server_addresses import (
    check_database_tls,
    check_redis_tls,
    check_sentinel_login,
    is_host,
    redis_url_of_form,
    url_of_form,
)
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
    redis_sentinel_username: str | None = None
    redis_sentinel_password: SecretStr | None = None
    database_tls_ca_file: Path | None = None
    database_tls_cert_file: Path | None = None
    database_tls_key_file: Path | None = None
    database_tls_key_password: SecretStr | None = None
    redis_tls_ca_file: Path | None = None
    redis_tls_cert_file: Path | None = None
    redis_tls_key_file: Path | None = None
    redis_tls_key_password: SecretStr | None = None

    partitions: int = Field(default=6, ge=1, le=1000)
    contexts: str = ""
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
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "PLAIN"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_sasl_oauth_token_url: str | None = Field(default=None, max_length=1000)
    kafka_sasl_oauth_scope: str | None = Field(default=None, max_length=1000)
    kafka_sasl_oauth_tls_ca_file: Path | None = None
    kafka_tls_ca_file: Path | None = None
    kafka_tls_cert_file: Path | None = None
    kafka_tls_key_file: Path | None = None
    kafka_tls_key_password: SecretStr | None = None
    kafka_embedded_secured: bool = False
    instance: str | None = Field(default=None, pattern=r"^[a-zA-Z0-9._-]{1,200}$")
    kafka_session_timeout_seconds: float = Field(default=10.0, ge=1.0, le=300.0)
    kafka_max_unpacked_bytes: int = Field(default=MAX_UNPACKED_BATCH_BYTES, ge=16 * 1_048_576, le=1024 * 1_048_576)
    gateway_processes: int = Field(default=1, ge=1, le=64)
    audit_interval_seconds: float = Field(default=600.0, ge=1.0, le=86_400.0)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **sources: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where settings come from: the environment, and the files that it names."""
        return init_settings, SecretFiles(settings_cls), sources["env_settings"]

    @field_validator("*", mode="before")
    @classmethod
    def _read_file(cls, value: object) -> object:
        return secret_in(value) if isinstance(value, SecretFile) else value

    @field_validator("*")
    @classmethod
    def _is_unicode(cls, value: object) -> object:
        """Drivers would fail at it with errors that quote it. A path may have any bytes."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("is not UTF-8")
        return value

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_bootstrap_servers(cls, value: str | None) -> str | None:
        if value and not all(is_host(server.strip()) for server in value.split(",")):
            raise ValueError("must have the form host:9092, or several of them with commas")
        return value

    @field_validator("contexts")
    @classmethod
    def _are_names_of_contexts(cls, value: str) -> str:
        if value and not all(NAME_PATTERN.fullmatch(name.strip()) for name in value.split(",")):
            raise ValueError(f"must have the form users,shipments: names of contexts, each {NAME_FORM}")
        return value

    @field_validator("http_allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: str | None) -> str | None:
        if value is not None:
            AllowedHosts.listed(value)
        return value

    @model_validator(mode="after")
    def _require_credentials(self) -> "Settings":
        needed = {"USERNAME": self.kafka_sasl_username, "PASSWORD": self.kafka_sasl_password}
        if self.kafka_sasl_mechanism == "OAUTHBEARER":
            needed["OAUTH_TOKEN_URL"] = self.kafka_sasl_oauth_token_url
        if self.kafka_security_protocol.startswith("SASL") and not all(needed.values()):
            names = " and ".join(f"ANNALS_KAFKA_SASL_{name}" for name in needed)
            raise ValueError(
                f"ANNALS_KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} with "
                f"ANNALS_KAFKA_SASL_MECHANISM={self.kafka_sasl_mechanism} asks for {names}"
            )
        return self

    @model_validator(mode="after")
    def _require_tls(self) -> "Settings":
        """Certificates that would not be used are refused: whoever sets them relies on them."""
        kafka, database, redis = (self._certificates(server) for server in ("kafka", "database", "redis"))
        if kafka and not self.kafka_security_protocol.endswith("SSL"):
            raise ValueError(
                f"{kafka[0]} is set, and ANNALS_KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} uses no TLS: "
                "set it to SSL or SASL_SSL"
            )
        if database and not self.database_tls_ca_file:
            raise ValueError(f"{database[0]} is set, and ANNALS_DATABASE_TLS_CA_FILE is not: set it too")
        check_database_tls(self.database_url, database)
        check_redis_tls(self.redis_url, redis)
        check_sentinel_login(self.redis_url, self.redis_sentinel_username, self.redis_sentinel_password)
        return self

    def _certificates(self, server: str) -> list[str]:
        """The variables of a server's certificates that are set. A key asks for its certificate."""
        prefix = f"{server}_tls_"
        given = [name for name in type(self).model_fields if name.startswith(prefix) and getattr(self, name)]
        if any("_key_" in name for name in given) and f"{prefix}cert_file" not in given:
            asked = f"ANNALS_{prefix}cert_file".upper()
            raise ValueError(f"ANNALS_{given[-1].upper()} is of no use without a certificate: set {asked}")
        return [f"ANNALS_{name.upper()}" for name in given]

    @field_validator("auth_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None) -> str | None:
        if value is not None and not is_trusted_address(value):
            raise ValueError(ADDRESS_FORM)
        return value

    @field_validator("auth_jwks_url", "kafka_sasl_oauth_token_url")
    @classmethod
    def _is_url_of_issuer(cls, value: str | None) -> str | None:
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
        return url_of_form(value, ("postgresql", "postgres"), "postgresql://user:password@host:5432/database")

    @field_validator("redis_url")
    @classmethod
    def _is_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        return redis_url_of_form(value)

    @property
    def chosen_contexts(self) -> tuple[str, ...]:
        """The names of the contexts to serve, each once; none: all that are installed."""
        return tuple(sorted({name.strip() for name in self.contexts.split(",")} - {""}))

    def environment(self) -> dict[str, str]:
        """These settings as the environment of a child process; defaults are left out.

        A secret that was read from a file is handed on as the name of the file. Of its two variables the other one is
        empty, whatever else the child inherits.
        """
        given: dict[str, str] = {}
        for name, field in type(self).model_fields.items():
            value, variable = getattr(self, name), f"ANNALS_{name.upper()}"
            if value == field.default:
                continue
            if isinstance(value, ReadSecret):
                given |= {variable: "", f"{variable}{SUFFIX}": str(value.file)}
            elif isinstance(value, SecretStr):
                given |= {variable: value.get_secret_value(), f"{variable}{SUFFIX}": ""}
            else:
                given[variable] = str(value)
        return given
