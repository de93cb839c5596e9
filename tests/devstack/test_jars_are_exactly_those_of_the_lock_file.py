"""The broker's jars: each is checked against the lock file, fetched once per user, and refused if it differs."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jgo.env import LockFile

from infra.devstack import jars
from infra.devstack.errors import DownloadFailed, StartCancelled
from infra.devstack.progress import Step, silent
from tests.servers import Servers


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """A file server that logs nothing."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def mirror(tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on this machine, named in the user's jgo configuration; the user's cache is empty."""
    never = threading.Event()
    repository = tmp_path / "mirror"
    for jar in jars.class_path(silent, never):
        copy = repository / jar.relative_to(jars.cache_folder())
        copy.parent.mkdir(parents=True)
        shutil.copy(jar, copy)
    handler = functools.partial(QuietHandler, directory=str(repository))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configuration = tmp_path / "jgo.conf"
        configuration.write_text(f"[repositories]\nmirror = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield repository
        server.shutdown()


def test_an_empty_cache_is_filled_with_progress_and_then_no_jar_is_fetched_again(mirror: Path) -> None:
    steps: list[Step] = []
    first = jars.class_path(steps.append, threading.Event())
    assert len(first) == len(LockFile.load(jars.LOCK_FILE).dependencies)
    assert all(path.is_relative_to(jars.cache_folder()) for path in first)
    assert [step.done for step in steps] == list(range(1, len(first) + 1))
    assert {step.total for step in steps} == {len(first)}
    shutil.rmtree(mirror)
    steps.clear()
    assert jars.class_path(steps.append, threading.Event()) == first
    assert steps == []


def test_a_jar_that_was_cut_short_is_fetched_again(mirror: Path) -> None:
    shutil.copytree(mirror, jars.cache_folder())
    victim = next(jars.cache_folder().rglob("kafka-clients-*.jar"))
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])
    jars.class_path(silent, threading.Event())
    assert victim.read_bytes() == whole


def test_a_repository_that_serves_another_jar_is_refused(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "RETRY_DELAY_SECONDS", 0.0)
    forged = next(mirror.rglob("kafka_2.13-*.jar"))
    forged.write_bytes(b"something else")
    with pytest.raises(DownloadFailed, match="SHA-256") as failure:
        jars.class_path(silent, threading.Event())
    assert failure.value.jar == forged.name


def test_a_cancelled_start_stops_downloading(mirror: Path) -> None:
    cancelled = threading.Event()

    def cancel_after_three(step: Step) -> None:
        if step.done == 3:
            cancelled.set()

    with pytest.raises(StartCancelled):
        jars.class_path(cancel_after_three, cancelled)
    assert len(list(jars.cache_folder().rglob("*.jar"))) < len(list(mirror.rglob("*.jar")))


def test_every_locked_jar_has_a_checksum_and_one_version() -> None:
    dependencies = LockFile.load(jars.LOCK_FILE).dependencies
    assert all(len(dependency.sha256 or "") == 64 for dependency in dependencies)
    names = [(dependency.groupId, dependency.artifactId) for dependency in dependencies]
    assert len(set(names)) == len(names)
    kafka = {dependency.version for dependency in dependencies if dependency.groupId == "org.apache.kafka"}
    assert len(kafka) == 1, "the broker's own jars must be of one release"
