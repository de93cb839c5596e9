"""A system for one test, without workers."""

from tests.survival.conftest import system

__all__ = ["system"]
