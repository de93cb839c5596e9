"""The URL of the database with the certificates that settings name, in the words of libpq: every connection takes it.

asyncpg would tell neither which file is missing nor which setting names it: so they are looked at before.
"""

from urllib.parse import urlencode, urlsplit, urlunsplit

from infra.settings import Settings
from infra.tls import TlsFiles, TlsFilesUnusable, client_context
from workers.ports.lanes import Unavailable


def database_url(settings: Settings) -> str:
    """The URL for located settings. Raises Unavailable when the configured certificates cannot be used."""
    assert settings.database_url is not None, "settings must be located first"
    url = settings.database_url.get_secret_value()
    files = TlsFiles(
        "ANNALS_DATABASE_TLS",
        settings.database_tls_ca_file,
        settings.database_tls_cert_file,
        settings.database_tls_key_file,
        settings.database_tls_key_password,
    )
    if files.ca_file is None:
        return url
    try:
        client_context(files)
    except TlsFilesUnusable as error:
        raise Unavailable("Postgres", error.explanation, error.advice) from error
    named = {"sslmode": "verify-full", "sslrootcert": str(files.ca_file)}
    if files.cert_file is not None:
        named |= {"sslcert": str(files.cert_file), "sslkey": str(files.key_file or files.cert_file)}
    if files.key_password is not None:
        named["sslpassword"] = files.key_password.get_secret_value()
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(named)]))))
