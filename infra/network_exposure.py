"""Whether other machines can reach an address on which a process is to listen."""

import ipaddress


class EndpointOpenToTheNetwork(Exception):
    """A worker's endpoint would listen beyond this machine, and nobody has said that it may."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"ANNALS_METRICS_HOST is {host!r}, which other machines may reach, and whoever reaches the endpoint may "
            "read it. Set ANNALS_METRICS_HOST=127.0.0.1, or ANNALS_METRICS_OPEN_TO_NETWORK=true where only those can "
            "reach it who should, such as the probes of an orchestrator."
        )
        self.host = host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`. Names but localhost may lead anywhere."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_endpoint(host: str, *, open_to_network: bool) -> None:
    """Raises EndpointOpenToTheNetwork unless only this machine can reach `host`, or others are meant to."""
    if not open_to_network and not is_loopback(host):
        raise EndpointOpenToTheNetwork(host)
