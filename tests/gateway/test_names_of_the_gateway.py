"""Under which names the gateway answers: those of the setting, else those that its address tells."""

import pytest
from pydantic import ValidationError

from infra.processes.http_settings import allowed_hosts
from infra.settings import Settings


@pytest.mark.parametrize(
    ("listening", "answered", "refused"),
    [
        ("127.0.0.1", ["localhost:8080", "127.0.0.1", "[::1]:1"], ["evil.example", "10.0.0.7", "127.0.0.2"]),
        ("127.0.0.2", ["127.0.0.2:8080", "localhost"], ["127.0.0.3"]),
        ("::1", ["[::1]:8080", "localhost"], ["[::2]"]),
        ("10.0.0.7", ["10.0.0.7:8080", "localhost"], ["10.0.0.8", "api.example.org"]),
        ("0.0.0.0", ["10.0.0.7:8080", "[fd00::7]", "localhost"], ["api.example.org", "evil.example"]),  # noqa: S104
        ("annals.example.org", ["annals.example.org:80", "localhost"], ["evil.example"]),
    ],
)
def test_follow_from_the_address_that_it_listens_on(listening: str, answered: list[str], refused: list[str]) -> None:
    hosts = allowed_hosts(Settings(http_host=listening))
    assert [host for host in answered + refused if hosts.admits(host)] == answered


def test_are_those_of_the_setting_alone() -> None:
    hosts = allowed_hosts(Settings(http_allowed_hosts="api.example.org, Other.example:8443,[FD00::7]"))
    answered = ["api.example.org", "API.example.org:1", "other.example:8443", "[fd00::7]:80"]
    refused = ["localhost", "127.0.0.1", "other.example", "other.example:80", "x.api.example.org", "10.0.0.1"]
    assert [host for host in answered + refused if hosts.admits(host)] == answered
    assert hosts.admits_origin("https://other.example:8443", "api.example.org")
    assert not hosts.admits_origin("https://other.example", "api.example.org")
    assert not hosts.admits_origin("ftp://api.example.org", "api.example.org")


def test_are_all_with_an_asterisk_and_pages_must_be_of_the_name_that_they_call() -> None:
    hosts = allowed_hosts(Settings(http_allowed_hosts="*"))
    assert hosts.admits("anything.example:1")
    assert hosts.admits_origin("https://shop.example", "shop.example")
    assert not hosts.admits_origin("https://evil.example", "shop.example")


@pytest.mark.parametrize("text", ["", " ", "a,,b", "http://a", "a/b", "*.example.org", "*,a", "a:port"])
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is no host"):
        Settings(http_allowed_hosts=text)
