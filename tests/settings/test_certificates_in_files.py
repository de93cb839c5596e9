"""Certificates and keys that settings name make a context of TLS, or an error that says which setting is wrong."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from infra.kafka.connection import tls_context
from infra.settings import Settings
from infra.tls import TlsFiles, TlsFilesUnusable, client_context
from tests.certificates import Authority, Certificate
from workers.ports.lanes import Unavailable

PREFIX = "ANNALS_KAFKA_TLS"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def own(authority: Authority) -> Certificate:
    return authority.issue("client")


def why_not(**files: Any) -> str:
    with pytest.raises(TlsFilesUnusable) as caught:
        client_context(TlsFiles(PREFIX, **files))
    assert "hidden" not in str(caught.value)
    return str(caught.value)


def test_a_context_verifies_the_server_and_its_name(authority: Authority, own: Certificate) -> None:
    for files in (TlsFiles(PREFIX), TlsFiles(PREFIX, authority.ca_file, own.cert_file, own.key_file)):
        context = client_context(files)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    trusted = client_context(TlsFiles(PREFIX, authority.ca_file)).get_ca_certs()
    assert [certificate["subject"] for certificate in trusted] == [((("commonName", "ours"),),)]


def test_a_certificate_and_its_key_may_stand_in_one_file(own: Certificate) -> None:
    assert client_context(TlsFiles(PREFIX, cert_file=own.both_file))


def test_an_encrypted_key_is_opened_by_its_password(authority: Authority) -> None:
    own = authority.issue("client", key_password="hidden")
    files = {"cert_file": own.cert_file, "key_file": own.key_file}
    assert client_context(TlsFiles(PREFIX, **files, key_password=SecretStr("hidden")))
    # Neither asks at the terminal.
    for password in (None, SecretStr("hidden too"), SecretStr("")):
        assert "ANNALS_KAFKA_TLS_KEY_PASSWORD is for an encrypted key" in why_not(**files, key_password=password)
    assert "the key's password is too long" in why_not(**files, key_password=SecretStr("hidden" * 1000))


def test_a_password_is_no_harm_to_a_key_that_is_open(own: Certificate) -> None:
    assert client_context(TlsFiles(PREFIX, None, own.cert_file, own.key_file, SecretStr("hidden")))


def test_files_that_cannot_be_read_are_named_with_their_setting(own: Certificate, tmp_path: Path) -> None:
    none = tmp_path / "none"
    assert why_not(ca_file=none) == (
        f"the certificates of {none} cannot be read: No such file or directory; set ANNALS_KAFKA_TLS_CA_FILE right"
    )
    assert why_not(cert_file=none, key_file=own.key_file) == (
        f"{none} cannot be read: No such file or directory; set ANNALS_KAFKA_TLS_CERT_FILE right"
    )
    assert f"{none} cannot be read" in why_not(cert_file=own.cert_file, key_file=none)
    assert "set ANNALS_KAFKA_TLS_KEY_FILE right" in why_not(cert_file=own.cert_file, key_file=none)


def test_files_that_hold_something_else(own: Certificate, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hidden")
    assert f"the certificates of {tmp_path / 'text'} cannot be read" in why_not(ca_file=tmp_path / "text")
    for files in (
        {"cert_file": tmp_path / "text", "key_file": own.key_file},
        {"cert_file": own.cert_file, "key_file": tmp_path / "text"},
        {"cert_file": own.cert_file},
        {"cert_file": own.key_file, "key_file": own.cert_file},
    ):
        assert "no certificate with its key can be read from" in why_not(**files)


def test_a_key_of_another_certificate(own: Certificate, authority: Authority) -> None:
    other = authority.issue("other")
    assert "the key is not that of the certificate" in why_not(cert_file=own.cert_file, key_file=other.key_file)


def test_kafkas_clients_wait_for_an_operator(tmp_path: Path) -> None:
    settings = Settings(kafka_security_protocol="SSL", kafka_tls_cert_file=tmp_path / "none")
    with pytest.raises(Unavailable, match="set ANNALS_KAFKA_TLS_CERT_FILE right"):
        tls_context(settings)


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
@pytest.mark.parametrize(
    "given",
    [
        {"kafka_tls_ca_file": "/ca"},
        {"kafka_tls_cert_file": "/cert"},
        {"kafka_tls_cert_file": "/cert", "kafka_tls_key_file": "/key"},
    ],
    ids=lambda given: list(given)[-1],
)
def test_certificates_without_tls_are_refused(protocol: str, given: dict[str, Any]) -> None:
    login = {"kafka_sasl_username": "ada", "kafka_sasl_password": "hidden"} | given
    with pytest.raises(ValidationError, match=f"ANNALS_KAFKA_SECURITY_PROTOCOL={protocol} uses no TLS"):
        Settings.model_validate({"kafka_security_protocol": protocol, **login})


@pytest.mark.parametrize("given", [{"kafka_tls_key_file": "/key"}, {"kafka_tls_key_password": "hidden"}], ids=list)
def test_a_key_without_a_certificate_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="set ANNALS_KAFKA_TLS_CERT_FILE"):
        Settings(kafka_security_protocol="SSL", **given)


@pytest.mark.parametrize("missing", ["kafka_sasl_username", "kafka_sasl_password", "kafka_sasl_oauth_token_url"])
def test_tokens_ask_for_an_endpoint_and_a_login(missing: str) -> None:
    given: dict[str, Any] = {
        "kafka_sasl_username": "annals",
        "kafka_sasl_password": "hidden",
        "kafka_sasl_oauth_token_url": "https://issuer.example/token",
    }
    with_tokens: dict[str, Any] = {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "OAUTHBEARER"}
    assert Settings(**with_tokens, **given)
    with pytest.raises(ValidationError, match=f"OAUTHBEARER asks for .*ANNALS_{missing.upper()}"):
        Settings(**with_tokens, **given | {missing: None})


@pytest.mark.parametrize(
    "url", ["http://issuer.example/token", "https://ada:hidden@issuer.example/token", "https://issuer.example/#hidden"]
)
def test_an_endpoint_that_others_can_change_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must be https://") as caught:
        Settings(kafka_sasl_oauth_token_url=url)
    assert "hidden" not in str(caught.value)
