"""The class path of the broker: exactly the jars of `kafka.lock.toml`, downloaded once a user, checked at every start.

jgo reads the lock file and downloads each jar by name; no version is resolved at run time, so every machine gets the
same bytes or a `DownloadFailed`. The jars are kept in `$XDG_CACHE_HOME/annals/jars` (default `~/.cache/annals/jars`)
and shared by all homes. A jar that was cut short or damaged is fetched again.

`python -m infra.devstack.jars` resolves the coordinates below again and rewrites the lock file.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from infra.devstack.errors import DevstackError, DownloadFailed, PartNotInstalled, StartCancelled
from infra.devstack.progress import Progress, Step
from infra.home import printable

if TYPE_CHECKING:
    from jgo.env import LockedDependency
    from jgo.maven import Artifact, MavenContext

LOCK_FILE = Path(__file__).with_name("kafka.lock.toml")
# The broker, and the binding that carries its log lines to log4j. Each is resolved by itself and the earlier one's
# choice of a version stands: resolved together, log4j's own dependency management pulls kafka-clients back to an old
# release.
COORDINATES = (
    "org.apache.kafka:kafka_2.13:4.1.2",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3",
)

DOWNLOADS_AT_ONCE = 6
DOWNLOAD_TRIES = 3
REQUEST_TIMEOUT_SECONDS = 30
RETRY_DELAY_SECONDS = 1.0


def class_path(progress: Progress, cancelled: threading.Event) -> list[Path]:
    """The broker's jars, all present and equal to the lock file's SHA-256. Blocks: call it in a thread.

    Raises `DownloadFailed` for a jar that cannot be had, `StartCancelled` soon after `cancelled` is set.
    """
    try:
        from jgo.env import LockFile
    except ImportError:
        raise PartNotInstalled("kafka", "jgo") from None
    dependencies = LockFile.load(LOCK_FILE).dependencies
    context = _maven()
    jars = [_artifact(context, dependency) for dependency in dependencies]
    if all(_is_intact(artifact, dependency) for artifact, dependency in zip(jars, dependencies, strict=True)):
        return [_path(artifact) for artifact in jars]
    with _one_download_at_a_time(context.repo_cache, progress, cancelled):
        _fetch_all(list(zip(jars, dependencies, strict=True)), progress, cancelled)
    return [_path(artifact) for artifact in jars]


def cache_folder() -> Path:
    """Where the jars of this user are kept. `DevstackError` for a path that Java cannot read, or when there is none."""
    try:
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        raise DevstackError(
            "Kafka's jars would be kept in the home folder, and this user has none. Set XDG_CACHE_HOME to a folder."
        ) from None
    folder = Path(caches).absolute() / "annals" / "jars"
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise DevstackError(
            f"Kafka's jars would be kept in {printable(folder)}, and Java reads no name that is not UTF-8. Set "
            "XDG_CACHE_HOME to another folder."
        ) from None
    return folder


def _maven() -> "MavenContext":
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    # A mirror named in the user's own jgo configuration comes first: where there is one, it is there for a reason.
    remotes = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    return MavenContext(repo_cache=cache_folder(), remote_repos=remotes, timeout=REQUEST_TIMEOUT_SECONDS)


def _artifact(context: "MavenContext", dependency: "LockedDependency") -> "Artifact":
    component = context.project(dependency.groupId, dependency.artifactId).at_version(dependency.version)
    return component.artifact(classifier=dependency.classifier or "", packaging=dependency.packaging)


def _path(artifact: "Artifact") -> Path:
    path = artifact.cached_path
    assert path is not None, "the cache folder is always set"
    return path


def _is_intact(artifact: "Artifact", dependency: "LockedDependency") -> bool:
    try:
        with _path(artifact).open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == dependency.sha256
    except OSError:
        return False


@contextmanager
def _one_download_at_a_time(folder: Path, progress: Progress, cancelled: threading.Event) -> Iterator[None]:
    """Lets one process fill the shared cache; the others wait and then find the jars there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / "download.lock").open("wb")
    except OSError as error:
        raise DevstackError(
            f"Kafka's jars cannot be kept in {printable(folder)}: {error.strerror}. Set XDG_CACHE_HOME to a folder "
            "that you may write to."
        ) from None
    with opened as lock:
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    progress(
                        Step(
                            "kafka",
                            "waiting for another process that downloads the same jars",
                        )
                    )
                    told = True
                if cancelled.wait(0.2):
                    raise StartCancelled from None
        yield


def _fetch_all(
    jars: "list[tuple[Artifact, LockedDependency]]",
    progress: Progress,
    cancelled: threading.Event,
) -> None:
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE, thread_name_prefix="jars") as pool:
        downloads = [pool.submit(_fetch, artifact, dependency, cancelled) for artifact, dependency in jars]
        try:
            received_bytes = 0
            for done, download in enumerate(as_completed(downloads), start=1):
                received_bytes += download.result()
                text = f"downloading its jars (first start only), {received_bytes / 1e6:.0f} MB"
                progress(Step("kafka", text, done=done, total=len(jars)))
        except BaseException:
            cancelled.set()
            raise


def _fetch(artifact: "Artifact", dependency: "LockedDependency", cancelled: threading.Event) -> int:
    """Brings one jar into the cache and returns its size in bytes."""
    reason = ""
    for attempt in range(DOWNLOAD_TRIES):
        if cancelled.wait(RETRY_DELAY_SECONDS * attempt):
            raise StartCancelled
        if _is_intact(artifact, dependency):
            return _path(artifact).stat().st_size
        _path(artifact).unlink(missing_ok=True)
        try:
            artifact.resolve()
        except (
            OSError,
            RuntimeError,
        ) as error:  # requests' errors are OSErrors; jgo raises RuntimeError for "not found"
            reason = _first_line(error)
        else:
            reason = "its SHA-256 is not the one in kafka.lock.toml"
    if _is_intact(artifact, dependency):
        return _path(artifact).stat().st_size
    raise DownloadFailed(_path(artifact).name, reason)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def write_lock_file() -> int:
    """Resolves `COORDINATES` with all dependencies, downloads them and writes the lock file; the number of jars."""
    import jgo
    from jgo.env import LockedDependency, LockFile

    context = _maven()
    locked: dict[str, LockedDependency] = {}
    for artifact in [artifact for coordinate in COORDINATES for artifact in jgo.resolve(coordinate)]:
        name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.classifier}"
        if name in locked:
            continue
        jar = context.project(artifact.groupId, artifact.artifactId).at_version(artifact.version).artifact()
        with jar.resolve().open("rb") as file:
            sha256 = file_digest(file, "sha256").hexdigest()
        locked[name] = LockedDependency(jar.groupId, jar.artifactId, jar.version, jar.packaging, None, sha256)
    lock = LockFile(
        [locked[name] for name in sorted(locked)],
        environment_name="kafka",
        jgo_version=jgo.__version__,
    )
    lock.save(LOCK_FILE)
    return len(locked)


if __name__ == "__main__":
    started = time.monotonic()
    print(f"{LOCK_FILE.name}: {write_lock_file()} jars, {time.monotonic() - started:.0f} s")
