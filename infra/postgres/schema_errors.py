"""Why the schema of a database cannot be brought to this version. Each error says what an operator can do."""

from collections.abc import Sequence

BEGIN_AGAIN = (
    "keep using the version of Annals that made it, or begin with an empty database and empty topics: set "
    "ANNALS_DATABASE_URL to another database and ANNALS_TOPIC_PREFIX to another prefix (embedded servers: another "
    "ANNALS_HOME), then run `annals migrate`"
)


class RightMissing(Exception):
    """The login may not do what a migration needs, and nothing was changed. An administrator runs `statements`, or
    `annals migrate` runs as a login that has the rights.
    """

    def __init__(self, what: str, statements: Sequence[str]) -> None:
        lines = "".join(f"\n  {statement};" for statement in statements)
        advice = f"an administrator of the server runs this, then run `annals migrate` again:{lines}"
        super().__init__(f"{what}: {advice}")
        self.what = what
        self.statements = tuple(statements)


class MigrationChanged(Exception):
    """An applied migration's file has been edited. Restore it; put the change into a new file with the next number."""

    def __init__(self, file_name: str) -> None:
        super().__init__(
            f"migration {file_name} was edited after it had been applied; "
            "restore the file and write a new migration for the change"
        )
        self.file_name = file_name


class MigrationFailed(Exception):
    """A file is wrong for this database; nothing of it was applied. It is a fault of this version of Annals."""

    def __init__(self, file_name: str, explanation: str) -> None:
        super().__init__(
            f"migration {file_name} failed and nothing of it was applied: {explanation}; "
            "it is a fault of this version of Annals: stay with the one before, and report it"
        )
        self.file_name = file_name


class DatabaseTooOld(Exception):
    """The database was made before this version's first migration: this version cannot upgrade it and left it alone."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"the schema of {place} was made by an earlier version of Annals, and this version cannot upgrade it; "
            f"nothing was changed: {BEGIN_AGAIN}"
        )
        self.place = place


class DatabaseAhead(Exception):
    """The database has a schema that this version of Annals does not know. Run the newer version."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the database has {what} that this version of Annals does not know; run the newer version")
        self.what = what
