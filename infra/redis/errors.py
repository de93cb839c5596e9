"""What to do next after each of Redis's errors: the one table, complete and sorted by that question.

redis-py has classes for some answers; the others are `ResponseError`s whose text begins with the server's own word
(`MISCONF …`). An error that is not in the table counts as a bug.
"""

import re
from enum import Enum

from redis import exceptions

REACH = "see that the server runs and that ANNALS_REDIS_URL leads to it"
CREDENTIALS = "set user and password in ANNALS_REDIS_URL right"
GRANTS = "grant the user of ANNALS_REDIS_URL what its process needs (infra/redis/acl.py; ACL SETUSER)"
MEMORY = "raise maxmemory"
DISK = "look into the server's log and at its disk"
SINGLE = "name one server that is no cluster in ANNALS_REDIS_URL"
REDIS = "name a Redis in ANNALS_REDIS_URL; what answers there is none that Annals knows"
PRIMARY = "name the primary in ANNALS_REDIS_URL, or its sentinels, who name the new one after a failover"
KEYS = "another program writes under Annals's keys: give it another database, or set ANNALS_TOPIC_PREFIX"


class Next(Enum):
    """What the caller does next."""

    WAIT = "wait and try again"
    RECONNECT = "drop the connection, as its server is no primary by now; then wait"
    OPERATOR = "wait for an operator"
    CONFLICT = "read again and decide again"
    BUG = "show it"


Row = tuple[Next, str]

# The first class that an error is an instance of: special ones stand before what they are a kind of.
BY_CLASS: dict[type[Exception], Row] = {
    exceptions.WatchError: (Next.CONFLICT, ""),
    exceptions.LockNotOwnedError: (Next.CONFLICT, ""),
    exceptions.LockError: (Next.CONFLICT, ""),
    exceptions.AuthenticationError: (Next.OPERATOR, CREDENTIALS),
    exceptions.AuthorizationError: (Next.OPERATOR, GRANTS),
    exceptions.ExternalAuthProviderError: (Next.OPERATOR, CREDENTIALS),
    exceptions.AuthenticationWrongNumberOfArgsError: (Next.OPERATOR, CREDENTIALS),
    exceptions.NoPermissionError: (Next.OPERATOR, GRANTS),
    exceptions.OutOfMemoryError: (Next.OPERATOR, MEMORY),
    exceptions.BusyLoadingError: (Next.WAIT, ""),
    exceptions.MaxConnectionsError: (Next.WAIT, ""),
    exceptions.ConnectionError: (Next.WAIT, REACH),
    exceptions.TimeoutError: (Next.WAIT, REACH),
    exceptions.TryAgainError: (Next.WAIT, ""),
    exceptions.ExecAbortError: (Next.WAIT, DISK),
    exceptions.ReadOnlyError: (Next.RECONNECT, PRIMARY),
    exceptions.MasterDownError: (Next.RECONNECT, PRIMARY),
    exceptions.ClusterDownError: (Next.WAIT, ""),
    exceptions.ClusterCrossSlotError: (Next.OPERATOR, SINGLE),
    exceptions.CrossSlotTransactionError: (Next.OPERATOR, SINGLE),
    exceptions.SlotNotCoveredError: (Next.OPERATOR, SINGLE),
    exceptions.ClusterError: (Next.OPERATOR, SINGLE),
    exceptions.MovedError: (Next.OPERATOR, SINGLE),
    exceptions.AskError: (Next.OPERATOR, SINGLE),
    exceptions.InvalidResponse: (Next.OPERATOR, REDIS),
    exceptions.ModuleError: (Next.BUG, ""),
    exceptions.NoScriptError: (Next.BUG, ""),
    exceptions.NoSuchFieldsetError: (Next.BUG, ""),
    exceptions.InvalidPipelineStack: (Next.BUG, ""),
    exceptions.RedisClusterException: (Next.BUG, ""),
    exceptions.PubSubError: (Next.BUG, ""),
    exceptions.DataError: (Next.BUG, ""),
    exceptions.ChildDeadlockedError: (Next.BUG, ""),
    exceptions.IncorrectPolicyType: (Next.BUG, ""),
    exceptions.ResponseError: (Next.BUG, ""),  # by its first words, below
    exceptions.RedisError: (Next.BUG, ""),
}

# How the text of a plain ResponseError begins, without the ERR that redis-py takes away from most.
# Redis's own words: https://redis.io/docs/latest/develop/reference/
BY_WORDS: dict[str, Row] = {
    "BUSY ": (Next.WAIT, "a script runs on the server: wait for it, or SCRIPT KILL"),
    "INPROG": (Next.WAIT, ""),
    "LOADING": (Next.WAIT, ""),
    "NOGOODSLAVE": (Next.WAIT, ""),
    "NOREPLICAS": (Next.WAIT, "bring its replicas back, or lower min-replicas-to-write"),
    "UNBLOCKED": (Next.RECONNECT, ""),
    "MASTERDOWN": (Next.RECONNECT, PRIMARY),
    "NOMASTERLINK": (Next.RECONNECT, PRIMARY),
    "READONLY": (Next.RECONNECT, PRIMARY),
    "CLUSTERDOWN": (Next.WAIT, ""),
    "TRYAGAIN": (Next.WAIT, ""),
    "DENIED": (Next.OPERATOR, "let other machines in: the server runs in protected mode"),
    "DB index": (Next.OPERATOR, "name a database in ANNALS_REDIS_URL that the server has"),
    "SELECT is not allowed": (Next.OPERATOR, SINGLE),
    "unknown command": (Next.OPERATOR, REDIS),
    "MISCONF": (Next.OPERATOR, DISK),
    "ACL failure in script": (Next.OPERATOR, GRANTS),
    "The user executing the script can't run": (Next.OPERATOR, GRANTS),  # Redis 6
    "NOAUTH": (Next.OPERATOR, CREDENTIALS),
    "NOPERM": (Next.OPERATOR, GRANTS),
    "NOPROTO": (Next.OPERATOR, REDIS),
    "OOM": (Next.OPERATOR, MEMORY),
    "WRONGPASS": (Next.OPERATOR, CREDENTIALS),
    "WRONGTYPE": (Next.OPERATOR, KEYS),
}


_IN_A_SCRIPT = re.compile(r"^Error running script \(call to \w+\): (?:@user_script: ?\d+: )+")


def server_said(error: BaseException) -> str:
    """What the server said, behind redis-py's own words, which quote the command and with it what a document holds: as
    in "Command # 1 (SET …) of pipeline caused error: ('MISCONF …',)"; and behind Redis 6's words about its script.
    """
    _, quoted, said = str(error).rpartition("caused error: ")
    said = _IN_A_SCRIPT.sub("", said)
    return said.removeprefix("(").removesuffix(",)").strip("'\"") if quoted else said.lstrip("('\"")


def step_after(error: BaseException) -> Row:
    """What to do next, and advice for an operator ("": there is nothing to do)."""
    said = server_said(error).removeprefix("ERR ")
    if isinstance(error, exceptions.ResponseError):
        for words, row in BY_WORDS.items():
            if said.startswith(words):
                return row
    return next((row for kind, row in BY_CLASS.items() if isinstance(error, kind)), (Next.BUG, ""))
