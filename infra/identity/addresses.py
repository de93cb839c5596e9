"""The addresses of an issuer: https, or http on this machine; nothing in them that a token could have put there."""

from urllib.parse import urlsplit

from infra.network_exposure import is_loopback

FORM = "must be https://…, without user, query and fragment (http:// only on this machine)"
DISCOVERY_PATH = "/.well-known/openid-configuration"


def is_trusted_address(address: str, *, may_have_query: bool = False) -> bool:
    """Whether nobody on the way can change what is fetched at this address."""
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment or (parts.query and not may_have_query):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def discovery_address(issuer: str) -> str:
    """Where an issuer describes itself (OpenID Connect Discovery 1.0, section 4)."""
    return issuer.rstrip("/") + DISCOVERY_PATH
