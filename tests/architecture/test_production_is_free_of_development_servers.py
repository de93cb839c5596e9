"""Workers and gateway load nothing of the development servers, and neither does an operator's command."""

import subprocess
import sys

import pytest

from infra.cli.main import COMMANDS
from tests.architecture.sources import ROOT, imported

DEVELOPMENT_COMMANDS = {"up", "down", "stack", "bench", "soak", "demo"}
DEVELOPMENT_ROOMS = ("infra.devstack", "infra.measuring")

PRODUCTION = {
    "worker command": ("infra.cli.main", "infra.cli.worker", "infra.processes.worker"),
    "worker saga": ("infra.cli.main", "infra.cli.worker", "infra.processes.worker"),
    "worker projection": ("infra.cli.main", "infra.cli.worker", "infra.processes.worker"),
    "worker audit": ("infra.cli.main", "infra.cli.worker", "infra.processes.worker", "infra.processes.audit"),
    "gateway": ("infra.cli.main", "infra.cli.gateway", "infra.processes.gateway"),
}

LOAD = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
print(*sys.modules)
"""


def loaded_after_importing(*modules: str) -> set[str]:
    """The modules of a fresh interpreter that has imported these."""
    done = subprocess.run([sys.executable, "-c", LOAD, *modules], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize("modules", PRODUCTION.values(), ids=PRODUCTION.keys())
def test_a_production_process_loads_none_of_them(modules: tuple[str, ...]) -> None:
    loaded = loaded_after_importing(*modules)
    assert set(modules) <= loaded
    assert not [module for module in loaded if module.startswith(DEVELOPMENT_ROOMS)]


def test_a_development_command_loads_them() -> None:
    """The control: the look at a fresh interpreter would see them."""
    loaded = loaded_after_importing("infra.cli.up")
    assert [module for module in loaded if module.startswith("infra.devstack")]


def test_no_operators_command_imports_them_wherever_in_its_module() -> None:
    operators = {name: module for name, module, _ in COMMANDS if name not in DEVELOPMENT_COMMANDS}
    assert len(operators) < len(COMMANDS)
    importing = [name for name, module in operators.items() if _reaches_development(module)]
    assert importing == []


def test_every_development_command_imports_them() -> None:
    """The control: the search would find them, also when a function imports them."""
    modules = {name: module for name, module, _ in COMMANDS if name in DEVELOPMENT_COMMANDS}
    assert {name for name, module in modules.items() if _reaches_development(module)} == DEVELOPMENT_COMMANDS


def _reaches_development(module: str) -> bool:
    """Whether a module leads to the development servers, by imports of the modules that it imports as well."""
    seen, to_come = {module}, [module]
    while to_come:
        path = ROOT / to_come.pop().replace(".", "/")
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not source.is_file():
            continue
        for name, _ in imported(source):
            if name.startswith(DEVELOPMENT_ROOMS):
                return True
            if name.startswith("infra.") and name not in seen:
                seen.add(name)
                to_come.append(name)
    return False
