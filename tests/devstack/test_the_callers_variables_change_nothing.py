"""Variables that the caller has set for other programs do not reach the programs of Annals."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from infra.devstack.errors import DevstackError
from infra.devstack.fleet import FLEET
from infra.devstack.jars import cache_folder, class_path
from infra.devstack.kafka import HERE, _unpacked_to
from infra.devstack.progress import silent
from infra.devstack.stack import Devstack
from infra.home import Home
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.schema_files import migrations
from infra.settings import Settings
from tests.devstack.stored_marks import ALL, TOPIC, StoredMarks

ROOT = Path(__file__).parents[2]
LEADS_ELSEWHERE = {
    **dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONOPTIMIZE"), "1"),
    **dict.fromkeys(("PYTHONWARNINGS", "VIRTUAL_ENV", "CONDA_PREFIX"), "error"),
    **dict.fromkeys(("PIP_TARGET", "PIP_USER", "PIP_NO_BINARY", "PIP_REQUIRE_VIRTUALENV", "PIP_PREFIX"), "1"),
    **dict.fromkeys(("UV_PROJECT_ENVIRONMENT", "UV_PROJECT", "UV_EXCLUDE_NEWER", "UV_NO_SYNC", "UV_NO_DEV"), "1"),
    **dict.fromkeys(("UV_NO_BINARY", "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_RESOLUTION", "UV_NO_EDITABLE"), "1"),
}
SAYS_HOW_TO_GET_PACKAGES = {
    **dict.fromkeys(("PIP_INDEX_URL", "PIP_CERT", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT", "PIP_NO_INDEX"), "kept"),
    **dict.fromkeys(("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_CACHE_DIR", "UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT"), "kept"),
    **dict.fromkeys(("UV_OFFLINE", "HTTPS_PROXY", "PYTHONIOENCODING", "PYTHONUTF8", "ANNALS_HTTP_PORT"), "kept"),
}
FOR_OTHER_SERVERS = {
    **dict.fromkeys(("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"), "-XX:NoSuchOption"),
    "CLASSPATH": "/nowhere",
    "LOG4J_CONFIGURATION_FILE": "/nowhere",
    "KAFKA_OPTS": "-bad",
    "PGSSLMODE": "verify-full",
    "PGTARGETSESSIONATTRS": "standby",
    "PGDATESTYLE": "wrong",
    "PGDATA": "/nowhere",
    "PGPORT": "1",
    "PGHOST": "nowhere.invalid",
    "PGUSER": "other",
    "PGPASSWORD": "wrong",
    "PGDATABASE": "none",
    "PGCLIENTENCODING": "LATIN1",
    "PGOPTIONS": "-x",
    "PGTZ": "Nowhere",
    "TZ": "Nowhere/Here",
}


def prepared(home: str | None = None, **environment: str) -> dict[str, str]:
    """The environment that prepare.sh sets for the programs it starts."""
    variables = {**os.environ, **environment} | ({"HOME": home} if home is not None else {})
    if "XDG_CACHE_HOME" not in environment:
        variables.pop("XDG_CACHE_HOME", None)
    done = subprocess.run(
        ["sh", "-c", ". infra/prepare.sh; env", "infra/up.sh"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return dict(line.partition("=")[::2] for line in done.stdout.splitlines())


def test_no_setting_of_another_project_leads_python_pip_or_uv_elsewhere() -> None:
    passed_on = prepared(**LEADS_ELSEWHERE, **SAYS_HOW_TO_GET_PACKAGES)
    assert LEADS_ELSEWHERE.keys() & passed_on.keys() == set()
    assert {name: passed_on.get(name) for name in SAYS_HOW_TO_GET_PACKAGES} == SAYS_HOW_TO_GET_PACKAGES


def test_without_a_writable_home_folder_downloads_are_kept_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert prepared(home=str(tmp_path / "none"))["XDG_CACHE_HOME"] == str(ROOT / ".cache")
    assert prepared(home=str(tmp_path / "file"))["XDG_CACHE_HOME"] == str(ROOT / ".cache")
    assert not (tmp_path / "none").exists()
    assert "XDG_CACHE_HOME" not in prepared(home=str(tmp_path))
    assert prepared(home=str(tmp_path / "none"), XDG_CACHE_HOME="/chosen")["XDG_CACHE_HOME"] == "/chosen"
    assert prepared(home="").get("HOME") != ""


def test_an_impossible_cache_is_reported_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DevstackError, match=r"Not a directory. Set XDG_CACHE_HOME"):
        class_path(silent, threading.Event())

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(DevstackError, match=r"this user has none. Set XDG_CACHE_HOME"):
        cache_folder()


def test_no_module_of_the_callers_working_folder_is_imported(tmp_path: Path) -> None:
    for name in ("infra", "workers", "typer", "redis"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger')")
    (*program, _, _) = FLEET.workers[0].command
    done = subprocess.run([*program, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "Commands" in done.stdout) == (0, True), done.stderr


def test_files_of_annals_are_read_as_utf8_under_any_locale() -> None:
    """A migration read in the locale's encoding would have another checksum."""
    program = (
        "from infra.postgres.schema_files import migrations; print(*(migration.checksum for migration in migrations()))"
    )
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.split() == [migration.checksum for migration in migrations()], done.stderr


async def test_no_setting_for_other_servers_reaches_the_embedded_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in FOR_OTHER_SERVERS.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    stack = Devstack(home, Settings(home=home, kafka_bootstrap_servers=None, database_url=None, redis_url=None))
    addresses = await stack.start()
    assert await migrate(addresses.database_url)
    for role in ("annals_reader", "annals_writer"):
        database = Database(addresses.database_url, role=role, connections=1)
        await database.open()
        await database.close()
    monkeypatch.delenv("PGTARGETSESSIONATTRS")  # the test's own connections must not use it
    await StoredMarks(addresses).put()
    assert await StoredMarks(addresses).read() == ALL
    producer = AIOKafkaProducer(bootstrap_servers=addresses.kafka_bootstrap_servers, compression_type="snappy")
    await producer.start()
    await producer.send_and_wait(TOPIC, b"x" * 1000, partition=0)
    await producer.stop()
    assert list((home / "kafka" / "tmp").iterdir()), (
        "Kafka's native libraries were unpacked here, not in /tmp, which may be noexec"
    )
    await stack.stop()


def test_a_home_that_nothing_may_be_run_from_is_not_unpacked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _unpacked_to(tmp_path) == (f"-Djava.io.tmpdir={HERE / 'tmp'}",)
    monkeypatch.setattr("infra.devstack.kafka.is_noexec", lambda _: True)
    assert _unpacked_to(tmp_path) == ()


def test_no_other_user_may_write_to_a_home_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        run = Home(tmp_path / "home").folder("run")
    finally:
        os.umask(before)
    assert (run.parent.stat().st_mode & 0o777, run.stat().st_mode & 0o777) == (0o755, 0o700)
