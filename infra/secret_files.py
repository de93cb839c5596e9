"""Secrets of the settings from files, as Docker and Kubernetes mount them: `ANNALS_<NAME>_FILE` names a file that holds
the value of `ANNALS_<NAME>`.

It holds for every field of `Settings` that is a `SecretStr`. A file is read once, when the process reads its settings.
No error shows what is in it.
"""

import os
import re
import stat
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import SecretStr
from pydantic_settings import EnvSettingsSource

from infra.home import printable

SUFFIX = "_FILE"
MAX_BYTES = 65_536


class SecretFile(NamedTuple):
    """A variable that names a file, and whether the secret itself is given as well."""

    variable: str
    path: Path
    is_given_twice: bool


class ReadSecret(SecretStr):
    """A secret, and the file that it was read from: a child process is told of the file, and not the secret."""

    def __init__(self, value: str, file: Path) -> None:
        super().__init__(value)
        self.file = file

    def __eq__(self, other: object) -> bool:
        return SecretStr(self.get_secret_value()) == other

    def __hash__(self) -> int:
        return super().__hash__()


class SecretFiles(EnvSettingsSource):
    """The variables that name files, by field. It must come before the source of the variables themselves."""

    def __call__(self) -> dict[str, Any]:
        """A `SecretFile` for each secret that has one; `secret_in` makes the secret of it."""
        files: dict[str, SecretFile] = {}
        for name, field in self.settings_cls.model_fields.items():
            variable = f"{self.env_prefix}{name}"
            path = self.env_vars.get(f"{variable}{SUFFIX}".lower())
            if path and is_secret(field.annotation):
                # A child process may run in another folder.
                file = Path(path).absolute()
                is_given_twice = self.env_vars.get(variable.lower()) is not None
                files[name] = SecretFile(f"{variable}{SUFFIX}".upper(), file, is_given_twice)
        return files


def is_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    return annotation is SecretStr or SecretStr in get_args(annotation)


def secret_in(file: SecretFile) -> ReadSecret:
    """The content of the file without a newline at its end. Raises ValueError, which shows nothing of the content."""
    variable, path, is_given_twice = file
    if is_given_twice:
        raise ValueError(f"{variable.removesuffix(SUFFIX)} and {variable} are both set: unset one of them")
    place = f"the file {printable(path)} of {variable}"
    try:
        content = _content(path)
    except OSError as error:
        raise ValueError(f"{place} cannot be read: {error.strerror}") from None
    if content is None:
        raise ValueError(f"{place} is no regular file")
    if len(content) > MAX_BYTES:
        raise ValueError(f"{place} has more than {MAX_BYTES} bytes")
    try:
        value = content.decode()
    except UnicodeDecodeError:  # its text would show a byte
        raise ValueError(f"{place} is not UTF-8") from None
    value = re.sub(r"\r?\n\Z", "", value)
    if not value:
        raise ValueError(f"{place} is empty")
    return ReadSecret(value, path)


def _content(path: Path) -> bytes | None:
    """At most one byte more than allowed. None for a pipe or a device, which could keep its reader waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
