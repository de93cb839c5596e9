"""Servers of Valkey begin as replicas of whom the sentinels name, with the users and limits that Annals needs."""

import asyncio
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from infra.accounts import Account
from infra.devstack.ports import free_port
from infra.devstack.programs import program
from infra.devstack.redis import DISTRIBUTION, PACKAGE, PROGRAM
from infra.redis.acl import user_of
from tests.deploy.kubernetes import PRODUCTION
from tests.deploy.made_files import ON_REDIS
from tests.waiting import until

VALKEY = PRODUCTION / "valkey"
SERVER = program("redis", DISTRIBUTION, PACKAGE, PROGRAM)
NAMES = {"watcher", *(user_of(account) for account in ON_REDIS)}
# In the place of valkey-cli: what the sentinel of a host says stands in a file of its name. Each question is noted.
SENTINELS = """\
#!/bin/sh
while [ "$1" != -h ]; do shift; done
echo "$2" >>"$SAID/asked"
cat "$SAID/$2" 2>/dev/null
"""
FIRST, SECOND, THIRD = (f"annals-valkey-{number}.annals-valkey" for number in range(3))

pytestmark = pytest.mark.skipif(shutil.which("timeout") is None, reason="timeout of the GNU core utilities is missing")


class Pod:
    """The second pod of the group."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("settings", "passwords", "run", "data", "said", "programs"):
            (folder / name).mkdir()
        for path in VALKEY.iterdir():
            shutil.copy(path, folder / "settings")
        for name in ("owner", "sentinel", *NAMES):
            (folder / "passwords" / name).write_text(f"hidden-{name}\n")
        asking = folder / "programs" / "valkey-cli"
        asking.write_text(SENTINELS)
        asking.chmod(0o755)

    def listens_on_loopback(self, configuration: str) -> int:
        """Have a program listen there without TLS; returns its port."""
        file, port = self.folder / "settings" / configuration, free_port()
        lines = [line for line in file.read_text().splitlines() if not line.startswith(("tls-", "port ", "dir "))]
        file.write_text("\n".join([*lines, f"port {port}", "bind 127.0.0.1", f"dir {self.folder / 'data'}\n"]))
        return port

    def sentinels_say(self, answers: Mapping[str, str]) -> None:
        for sentinel, primary in answers.items():
            (self.folder / "said" / sentinel).write_text(f"{primary}\n6379\n")

    def begin(self, *command: str, script: str = "start-server.sh") -> subprocess.Popen[bytes]:
        places = {name.upper(): str(self.folder / name) for name in ("settings", "passwords", "run", "data", "said")}
        path = f"{self.folder / 'programs'}:/usr/local/bin:/usr/bin:/bin"
        variables = {**places, "PATH": path, "HOSTNAME": "annals-valkey-1", "PAUSE": "0.1"}
        return subprocess.Popen(["sh", str(VALKEY / script), *command], env=variables, cwd=self.folder)

    def configuration(self, answers: Mapping[str, str]) -> list[str]:
        """That with which a server begins."""
        self.sentinels_say(answers)
        assert self.begin("true").wait(20) == 0
        return (self.folder / "run" / "valkey.conf").read_text().splitlines()

    async def has_asked_twice(self) -> bool:
        asked = self.folder / "said" / "asked"
        return asked.exists() and len(asked.read_text().splitlines()) >= 6


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_it_is_a_replica_of_whom_the_sentinels_name(pod: Pod) -> None:
    assert f"replicaof {THIRD} 6379" in pod.configuration(dict.fromkeys([FIRST, SECOND, THIRD], THIRD))


def test_it_is_the_primary_when_they_name_it(pod: Pod) -> None:
    lines = pod.configuration(dict.fromkeys([FIRST, THIRD], SECOND))
    assert not [line for line in lines if line.startswith("replicaof")]
    assert f"replica-announce-ip {SECOND}" in lines


def test_one_sentinel_with_an_old_view_is_outvoted(pod: Pod) -> None:
    assert f"replicaof {THIRD} 6379" in pod.configuration({FIRST: SECOND, SECOND: THIRD, THIRD: THIRD})


async def test_it_waits_until_two_agree(pod: Pod) -> None:
    pod.sentinels_say({FIRST: SECOND, THIRD: THIRD})
    beginning = pod.begin("true")
    await until(pod.has_asked_twice, "it asks the sentinels again")
    assert beginning.poll() is None
    pod.sentinels_say({SECOND: THIRD})
    assert await asyncio.to_thread(beginning.wait, 20) == 0
    assert f"replicaof {THIRD} 6379" in (pod.folder / "run" / "valkey.conf").read_text()


async def test_an_answer_that_is_no_pod_of_the_group_does_not_count(pod: Pod) -> None:
    pod.sentinels_say({FIRST: "evil.example.org", SECOND: "evil.example.org", THIRD: THIRD})
    beginning = pod.begin("true")
    await until(pod.has_asked_twice, "it asks the sentinels again")
    assert beginning.poll() is None
    beginning.kill()
    beginning.wait()


async def test_a_real_server_takes_the_configuration(pod: Pod) -> None:
    """All of it but TLS, with which the embedded Redis is not built."""
    port = pod.listens_on_loopback("valkey.conf")
    pod.sentinels_say(dict.fromkeys([FIRST, SECOND, THIRD], SECOND))
    server = pod.begin(str(SERVER))
    try:
        owner = Redis(port=port, password="hidden-owner", decode_responses=True)
        await until(partial(_answers, owner), "the server answers")
        settings = await owner.config_get("maxmemory-policy", "appendonly", "min-replicas-to-write")
        assert settings == {"maxmemory-policy": "noeviction", "appendonly": "yes", "min-replicas-to-write": "1"}
        assert set(await owner.acl_users()) == {"default", *NAMES}
        name = user_of(Account.GATEWAY)
        gateway = Redis(port=port, username=name, password=f"hidden-{name}", decode_responses=True)
        assert await gateway.get("annals:nothing") is None
        with pytest.raises(NoPermissionError):
            await gateway.flushall()
        await gateway.aclose()
        await owner.aclose()
    finally:
        server.kill()
        await asyncio.to_thread(server.wait)


async def test_a_real_sentinel_names_the_first_pod_before_that_can_be_found(pod: Pod) -> None:
    """A new group: no server has begun, as each of them asks the sentinels first."""
    port = pod.listens_on_loopback("sentinel.conf")
    beginning = pod.folder / "programs" / "valkey-sentinel"
    beginning.write_text(f'#!/bin/sh\nexec "{SERVER}" "$1" --sentinel\n')
    beginning.chmod(0o755)
    sentinel = pod.begin("valkey-sentinel", script="start-sentinel.sh")
    try:
        asking: Any = Redis(port=port, username="annals", password="hidden-sentinel", decode_responses=True)
        await until(partial(_answers, asking), "the sentinel answers")
        assert await asking.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "annals") == [FIRST, "6379"]
        with pytest.raises(NoPermissionError):
            await asking.execute_command("SENTINEL", "FAILOVER", "annals")
        await asking.aclose()
    finally:
        sentinel.kill()
        await asyncio.to_thread(sentinel.wait)


def test_a_sentinel_keeps_what_it_has_learned(pod: Pod) -> None:
    assert pod.begin("true", script="start-sentinel.sh").wait(20) == 0
    file = pod.folder / "data" / "sentinel.conf"
    assert f"sentinel announce-ip {SECOND}" in file.read_text()
    file.write_text("learned\n")
    assert pod.begin("true", script="start-sentinel.sh").wait(20) == 0
    assert file.read_text() == "learned\n"


async def _answers(server: Redis) -> bool:
    try:
        return bool(await server.ping())
    except (RedisError, OSError):
        return False
