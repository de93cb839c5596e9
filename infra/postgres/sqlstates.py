"""What to do next after each error code of Postgres, in one complete table.

Two characters are a class of codes, five a code that differs from its class (appendix A of Postgres's manual). A code
that is missing, by itself and by its class, counts as a bug until it is sorted here.
"""

from enum import Enum

MIGRATE = "run `annals migrate` as the owner of the database; if the schema is this version's, it is a bug"
CREDENTIALS = "set user and password in ANNALS_DATABASE_URL right, or let them in (pg_hba.conf)"
GRANTS = (
    "run `annals migrate` as the owner of the database, and grant the process's role to the login of "
    "ANNALS_DATABASE_URL, as in `GRANT annals_command TO login` (infra/README.md, Accounts)"
)
DATABASE = "create the database and run `annals migrate`, or name another one in ANNALS_DATABASE_URL"
PRIMARY = "name the server that writes in ANNALS_DATABASE_URL, or end its read-only state"
SERVER = "look into the server's log and at its disks"
CONFIGURATION = "set the server's configuration right"


class Next(Enum):
    """What the caller does next."""

    WAIT = "wait and try again"
    RECONNECT = "drop all connections, as the server behind them is the wrong one or going away; then wait"
    MIGRATE = "wait for an operator: the schema or its roles are missing, or not this version's"
    OPERATOR = "wait for an operator"
    UNSTORABLE = "refuse the value: the database cannot store it"
    CONFLICT = "the caller reads again and decides again"
    BUG = "let it pass as it is"


_ADVICE: dict[Next, dict[str, str]] = {
    Next.WAIT: {
        "08": "",  # connection
        "40": "",  # rolled back: deadlock, serialization
        "53": "",  # resources
        "53100": "make room on the server's disk",
        "53200": "give the server more memory",
        "53300": "run fewer processes, or raise max_connections",
        "53400": "raise the limit that the server names",
        "55": "",  # an object is in use or locked
        "57": "",  # an operator intervened: cancelled, shut down, starting up
        "58": SERVER,
        "72": "",  # snapshot too old
        "F0001": "",  # the lock file of a server that is about to start
        "XX000": SERVER,
    },
    Next.RECONNECT: {
        "08P01": "",
        "25006": PRIMARY,  # read-only: a standby, or what was the primary before a failover
        "25P03": "",
        "25P04": "",
        "26": "",  # a prepared statement that is gone, or (42P05) not ours: a pooler between us and the server
        "42P05": "",
        "57P01": "",
        "57P02": "",
        "57P05": "",
    },
    Next.MIGRATE: {
        "0P": GRANTS,
        "3F": MIGRATE,
        "42501": GRANTS,
        "42703": MIGRATE,
        "42704": MIGRATE,
        "42883": MIGRATE,
        "42P01": MIGRATE,
    },
    Next.OPERATOR: {
        "28": CREDENTIALS,
        "3D": DATABASE,
        "55P02": CONFIGURATION,
        "57P04": DATABASE,
        "F0": CONFIGURATION,
        "XX": f"{SERVER}: what is stored is damaged",
    },
    Next.UNSTORABLE: {
        "22": "",
        "54": "",
    },
    Next.CONFLICT: {
        "23505": "",
        "23P01": "",
        "42701": "",  # the object exists already
        "42710": "",
        "42723": "",
        "42P04": "",
        "42P06": "",
        "42P07": "",
        "AN": "",  # raised by our functions for their callers
    },
    Next.BUG: {
        **dict.fromkeys(("00", "01", "02", "03", "09", "0A", "0B", "0F", "0L", "0Z", "10", "20", "21", "23"), ""),
        **dict.fromkeys(("24", "25", "27", "2B", "2D", "2F", "34", "38", "39", "3B", "42", "44", "55P04"), ""),
        **dict.fromkeys(("HV", "P0"), ""),
    },
}

SORTED: dict[str, tuple[Next, str]] = {
    code: (step, advice) for step, codes in _ADVICE.items() for code, advice in codes.items()
}


def step_after(sqlstate: str | None) -> tuple[Next, str]:
    """What to do next, and advice for an operator ("": it passes by itself)."""
    code = sqlstate or ""
    return SORTED.get(code) or SORTED.get(code[:2]) or (Next.BUG, "")
