"""What each account may do on Redis: commands, and keys by pattern. The one place.

Nobody but the owner (Redis's user `default`) may change users, settings or the server. Scripts run only for those who
read by them, the gateway and operators: each command of a script must be one that its caller may run itself.

`python -m infra.redis.acl` prints the lines of an ACL file, in which the passwords are missing.
"""

from infra.accounts import Account

PATTERN = "*annals:*"
"""All keys of Annals, after any ANNALS_TOPIC_PREFIX (keys.py)."""

# What the client does to connect, and how it puts commands together. None of them touches a key but WATCH. Behind
# sentinels a connection asks each server for its role.
_CONNECTION = (
    *("auth", "hello", "ping", "echo", "select", "role", "reset"),
    *("client|setinfo", "client|setname", "client|id"),
)
_TRANSACTION = ("multi", "exec", "discard", "watch", "unwatch")
_READING = (
    *("get", "mget", "exists", "scan", "hget", "hmget", "hgetall", "hkeys", "hvals", "hlen", "smembers"),
    *("zcard", "zcount", "zrange", "zrangebylex", "zrevrangebylex", "zlexcount", "zscore", "zmscore"),
)
# Whether the server evicts (server_signs.py).
_SIGNS = ("info", "config|get")
_WRITING = ("set", "mset", "del", "hset", "hdel", "hincrby", "zadd", "zrem")
_GENERATIONS = ("sadd", "srem", "unlink")

_READER = (*_CONNECTION, *_TRANSACTION, *_READING, *_SIGNS)
_AUDIT = (*_READER, *_WRITING, *_GENERATIONS, "evalsha", "eval")

_COMMANDS: dict[Account, tuple[str, ...]] = {
    Account.COMMAND: _CONNECTION,
    Account.SAGA: _CONNECTION,
    Account.PROJECTION: (*_READER, *_WRITING),
    Account.GATEWAY: (*_READER, "evalsha", "eval"),
    Account.AUDIT: _AUDIT,
    Account.OPERATOR: _AUDIT,
    Account.READER: _READER,
}
# The server takes every script for one that writes; what the gateway's scripts call is checked all the same.
_ANY_USE_OF_KEYS = (Account.PROJECTION, Account.AUDIT, Account.OPERATOR, Account.GATEWAY)
_WITHOUT_KEYS = (Account.COMMAND, Account.SAGA)


def user_of(account: Account) -> str:
    """The name of an account's user."""
    return "default" if account is Account.OWNER else f"annals_{account}"


def rules_of(account: Account) -> str:
    """The rules of an account's user, as `ACL SETUSER` takes them, without its password."""
    if account is Account.OWNER:
        return "~* &* +@all"
    keys = "" if account in _WITHOUT_KEYS else f"~{PATTERN} " if account in _ANY_USE_OF_KEYS else f"%R~{PATTERN} "
    return f"resetkeys resetchannels {keys}-@all {' '.join(f'+{name}' for name in _COMMANDS[account])}"


SENTINELS_RULES = (
    "resetkeys allchannels -@all +multi +exec +slaveof +ping +subscribe +publish +info +role +config|rewrite "
    "+client|setname +client|kill +script|kill"
)
"""Of the user on a server by which its sentinels watch and change it (`sentinel auth-user`)."""
ASKING_RULES = "resetkeys resetchannels -@all +auth +ping +sentinel|master +sentinel|get-master-addr-by-name"
"""Of the user on a sentinel by which all processes ask it: ANNALS_REDIS_SENTINEL_USERNAME."""


def acl_lines() -> list[str]:
    """The users of a server, as an ACL file has them: a password is to be added to each."""
    accounts = [account for account in Account if account is not Account.OWNER]
    return [f"user {user_of(account)} on {rules_of(account)}" for account in accounts]


if __name__ == "__main__":
    print("\n".join(acl_lines()))
