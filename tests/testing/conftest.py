"""As in the conftest of a project of its own."""

from infra.testing.servers import annals_servers

__all__ = ["annals_servers"]
