"""The schema of this version as files: numbered migrations, one file for each function with its current body, and the
rights of all roles.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent

EARLIER_TEXTS = {
    # Made the roles also where they exist already, for which the login needed CREATEROLE.
    4: frozenset({"0fc571de132200c213d61af515dfa87b3e9dff271b53ecc5f9204776c0ccdb62"}),
}
"""By number, the checksums of earlier texts of a migration that leave a database in the same state as today's text."""


class Migration(NamedTuple):
    """One numbered file, applied once. It calls no function of ours: functions are applied after all migrations."""

    number: int
    name: str
    text: str

    @property
    def file_name(self) -> str:
        """Without its ending."""
        return f"{self.number:04d}_{self.name}"

    @property
    def checksum(self) -> str:
        return _sha256(self.text)


class Function(NamedTuple):
    """The file of a function: the function by that name in the schema, and the triggers that call it."""

    name: str
    text: str

    @property
    def file_name(self) -> str:
        """With its folder, without its ending."""
        return f"functions/{self.name}"

    @property
    def checksum(self) -> str:
        return _sha256(self.text)


class Rights(NamedTuple):
    """The file of all rights. In the database its texts are kept among those of the functions."""

    text: str
    name: str = "rights"

    @property
    def file_name(self) -> str:
        """Without its ending."""
        return self.name

    @property
    def checksum(self) -> str:
        return _sha256(self.text)


def migrations() -> list[Migration]:
    """All migrations of this version, in order."""
    return [
        Migration(int(path.stem.partition("_")[0]), path.stem.partition("_")[2], path.read_text("utf-8"))
        for path in sorted((FOLDER / "migrations").glob("*.sql"))
    ]


def functions() -> list[Function]:
    """All functions of this version, those first that others need when they are created: `listed` and `answers`."""
    files = [Function(path.stem, path.read_text("utf-8")) for path in (FOLDER / "functions").glob("*.sql")]
    return sorted(files, key=lambda function: (function.name not in ("listed", "answers"), function.name))


def rights() -> Rights:
    """Who may do what."""
    return Rights((FOLDER / "rights.sql").read_text("utf-8"))


def database_rights() -> str:
    """Who may connect to the database."""
    return (FOLDER / "database_rights.sql").read_text("utf-8")


def lacking(numbers: Collection[int], functions_applied: Collection[tuple[str, str]]) -> list[str]:
    """What a database lacks of this version, by the names of the files and in order.

    `numbers` are those of the migrations that were applied. `functions_applied` are name and checksum of every text
    that a function has had: a later text than this version's comes from a newer version.
    """
    return [
        *(migration.file_name for migration in migrations() if migration.number not in numbers),
        *(file.file_name for file in _repeated() if (file.name, file.checksum) not in functions_applied),
    ]


def is_of_earlier_history(names: Collection[tuple[int, str]]) -> bool:
    """Whether a database's migrations (number and name) began before this version's first: it cannot be upgraded."""
    first = migrations()[0]
    return any(number == first.number and name != first.name for number, name in names)


def _repeated() -> list[Function | Rights]:
    """The files that are applied again when their text has changed."""
    return [*functions(), rights()]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
