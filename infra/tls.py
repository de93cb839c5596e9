"""The files of TLS that settings name, as a context for a client: whom it trusts, and its own certificate."""

import ssl
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from infra.home import printable

_MISMATCH = "KEY_VALUES_MISMATCH"


class TlsFiles(NamedTuple):
    """`prefix` is that of the settings: with `ANNALS_KAFKA_TLS` they are `ANNALS_KAFKA_TLS_CA_FILE` and so on. Without
    a CA the system's certificates are trusted; without a key file the key stands in the file of the certificate.
    """

    prefix: str
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretStr | None = None


class TlsFilesUnusable(Exception):
    """A context cannot be made of the files. `advice` says what to set right; neither text shows what is in them."""

    def __init__(self, explanation: str, advice: str) -> None:
        super().__init__(f"{explanation}; {advice}")
        self.explanation = explanation
        self.advice = advice


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """A context that verifies the server's certificate and name. Raises TlsFilesUnusable."""
    try:
        context = ssl.create_default_context(cafile=str(files.ca_file) if files.ca_file else None)
    except OSError as error:  # the file is missing, unreadable, or has no certificate in it
        explanation = f"the certificates of {files.ca_file} cannot be read: {error.strerror or error}"
        raise TlsFilesUnusable(explanation, f"set {files.prefix}_CA_FILE right") from error
    if files.cert_file is not None:
        _load_own(context, files, files.cert_file)
    return context


def _load_own(context: ssl.SSLContext, files: TlsFiles, cert_file: Path) -> None:
    names = {"CERT": cert_file} | ({"KEY": files.key_file} if files.key_file else {})
    for name, path in names.items():
        _check_readable(path, f"{files.prefix}_{name}_FILE")
    password = files.key_password.get_secret_value() if files.key_password else ""
    key_file = str(files.key_file) if files.key_file else None
    settings = " and ".join(f"{files.prefix}_{name}_FILE" for name in names)
    try:
        # Without a password OpenSSL would ask for that of an encrypted key at the terminal.
        context.load_cert_chain(str(cert_file), key_file, password=lambda: password)
    except ssl.SSLError as error:
        if error.reason == _MISMATCH:
            explanation = f"the key is not that of the certificate in {printable(cert_file)}"
            raise TlsFilesUnusable(explanation, f"set {settings} right") from None
        explanation = f"no certificate with its key can be read from {' and '.join(map(printable, names.values()))}"
        advice = f"they must be PEM, and {files.prefix}_KEY_PASSWORD is for an encrypted key only"
        raise TlsFilesUnusable(explanation, f"set {settings} right: {advice}") from None
    except ValueError:  # OpenSSL takes passwords of up to 1024 bytes
        raise TlsFilesUnusable("the key's password is too long", f"set {files.prefix}_KEY_PASSWORD right") from None


def _check_readable(path: Path, setting: str) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise TlsFilesUnusable(f"{printable(path)} cannot be read: {error.strerror}", f"set {setting} right") from error
