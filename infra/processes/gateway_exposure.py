"""Whether the gateway may listen where the settings say: beyond this machine only if callers prove who they are."""

from infra.network_exposure import is_loopback
from infra.settings import Settings


class OpenToTheNetwork(Exception):
    """The gateway would listen beyond this machine although nobody must say, or prove, who they are."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(
            f"ANNALS_HTTP_HOST is {host!r}, which other machines may reach, but {why}: anybody could read and write. "
            "Set ANNALS_HTTP_HOST=127.0.0.1, or ANNALS_AUTH=oidc with ANNALS_AUTH_ISSUER and ANNALS_AUTH_AUDIENCE."
        )
        self.host = host


def check_exposure(settings: Settings) -> None:
    """Raises OpenToTheNetwork unless callers must prove who they are, or only this machine can reach the gateway."""
    if is_loopback(settings.http_host):
        return
    if settings.auth == "none":
        raise OpenToTheNetwork(settings.http_host, "no authentication is configured (ANNALS_AUTH=none)")
    if settings.auth_development_issuer:
        why = "ANNALS_AUTH_DEVELOPMENT_ISSUER believes whoever can read a file of this machine"
        raise OpenToTheNetwork(settings.http_host, why)
