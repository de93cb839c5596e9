"""A broker of development is there soon; one that is measured is compiled as in production."""

import threading
from pathlib import Path

import pytest

from infra.devstack.kafka import QUICK_COMPILER_ONLY, Kafka
from infra.devstack.ports import Ports
from infra.devstack.progress import silent
from infra.home import Home


@pytest.mark.parametrize("as_in_production", [False, True])
def test_only_a_broker_of_development_does_without_the_second_compiler(tmp_path: Path, as_in_production: bool) -> None:
    home = Home(tmp_path)
    ports = Ports(home)
    for name in Kafka.ports:
        ports.claim(name)
    command = Kafka(home, ports, as_in_production=as_in_production).prepare(silent, threading.Event())
    assert (QUICK_COMPILER_ONLY in command.arguments) is not as_in_production
