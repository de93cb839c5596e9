"""build.sh tells the builder what the environment says of indexes, proxies and certificates, and nothing else of it."""

import os
from pathlib import Path

import pytest

from tests.deploy.container_tools import BUILD, run

# Reads the secret as a step of the build does, and prints what it has set.
BUILDER = """#!/bin/sh
for argument; do
    case $argument in
        id=packages,src=*) secret=${argument#id=packages,src=} ;;
        id=certificates,src=*) echo "certificates: ${argument#id=certificates,src=}" ;;
    esac
done
echo "arguments: $*"
echo "kept in: $(dirname "$secret")"
stat -c 'open to: %a' "$(dirname "$secret")"
env -i sh -c '. "$0"; env' "$secret"
"""
NASTY = "https://me:pa'ss$(touch injected)`touch injected`\\"


@pytest.fixture
def builder(tmp_path: Path) -> Path:
    program = tmp_path / "builder"
    program.write_text(BUILDER, "utf-8")
    program.chmod(0o755)
    return program


def printed(builder: Path, *arguments: str, **variables: str) -> list[str]:
    return run("sh", str(BUILD), *arguments, env={"ANNALS_BUILDER": str(builder), **variables}).splitlines()


def test_indexes_and_proxies_unharmed_and_no_other_secret(builder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(builder.parent)
    told = printed(
        builder,
        PIP_INDEX_URL=NASTY,
        https_proxy="http://proxy:3128",
        ANNALS_DATABASE_URL="other",
        UV_PUBLISH_TOKEN="other",
    )
    assert f"PIP_INDEX_URL={NASTY}" in told
    assert "https_proxy=http://proxy:3128" in told
    assert not any("other" in line for line in told)
    assert not Path("injected").exists()


def test_certificates_as_a_file_of_the_build(builder: Path, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("a certificate", "utf-8")
    told = printed(builder, SSL_CERT_FILE=str(authority))
    assert f"certificates: {authority}" in told
    assert "SSL_CERT_FILE=/run/secrets/certificates" in told


def test_in_a_folder_of_its_own_that_is_gone_afterwards(builder: Path) -> None:
    told = dict(line.split(": ", 1) for line in printed(builder, "--tag", "annals:0.1.0") if ": " in line)
    assert "--tag annals:0.1.0" in told["arguments"]
    assert told["open to"] == "700"
    assert not os.path.lexists(told["kept in"])
