"""A new project has what its tests and its installation need; of what is refused, nothing is written."""

import os
import tomllib
from pathlib import Path

import pytest

from infra.scaffolding.names import NameRefused
from infra.scaffolding.writing import PlaceRefused, new_context, new_project


def _tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_with_one_context_that_its_entry_points_name(tmp_path: Path) -> None:
    written = new_project(tmp_path / "my-shop")
    assert {path.relative_to(tmp_path).as_posix() for path in written} >= {
        *("my-shop/pyproject.toml", "my-shop/README.md", "my-shop/Procfile", "my-shop/.env"),
        *("my-shop/src/my_shop/contracts/commands.py", "my-shop/src/my_shop/contracts/schemas/AddItem.v1.json"),
        *("my-shop/src/my_shop/context.py", "my-shop/tests/my_shop/test_laws.py"),
    }
    declared = tomllib.loads((tmp_path / "my-shop/pyproject.toml").read_text("utf-8"))["project"]
    assert declared["entry-points"] == {
        "annals.contracts": {"my_shop": "my_shop.contracts"},
        "annals.contexts": {"my_shop": "my_shop.context:context"},
    }
    assert not [path for path in written if "${" in path.read_text("utf-8")]
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files == set(written), "nothing else lies about"


def test_in_the_place_of_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    new_project(tmp_path / "shop", "wares")
    assert (tmp_path / "shop/src/wares/decider.py").is_file()


def test_and_gets_another_context(tmp_path: Path) -> None:
    new_project(tmp_path / "shop")
    written = new_context("wares", tmp_path / "shop")
    assert tmp_path / "shop/src/wares/context.py" in written
    declared = tomllib.loads((tmp_path / "shop/pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    assert set(declared["annals.contexts"]) == set(declared["annals.contracts"]) == {"shop", "wares"}
    with pytest.raises(PlaceRefused, match="already"):
        new_context("wares", tmp_path / "shop")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "keyword"),
        ("match", "keyword"),
        ("users", "has a context of that name"),
        ("json", "Python's library"),
        ("pydantic", "installed package"),
        ("workers", "package of Annals"),
        ("commands", "address"),
        ("Wares", "lower case"),
        ("wares-1", "lower case"),
        ("", "lower case"),
        ("../x", "lower case"),
        ("w" * 61, "lower case"),
    ],
)
def test_no_context_has_a_name_that_cannot_be(tmp_path: Path, name: str, reason: str) -> None:
    new_project(tmp_path / "shop")
    before = _tree(tmp_path)
    with pytest.raises(NameRefused, match=reason):
        new_context(name, tmp_path / "shop")
    assert _tree(tmp_path) == before


@pytest.mark.parametrize("name", ["annals", "annals-contracts", "Shop", "-shop", "s", "shop!", "users", "import"])
def test_no_project_has_a_name_that_cannot_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(NameRefused):
        new_project(tmp_path / name)
    assert _tree(tmp_path) == []


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/mine").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = _tree(tmp_path)
    for name, reason in (("shop", "not empty"), ("file", "no folder"), ("link", "no folder"), ("deep/er", "no folder")):
        with pytest.raises(PlaceRefused, match=reason):
            new_project(tmp_path / name)
    assert _tree(tmp_path) == before


@pytest.mark.parametrize(
    ("pyproject", "reason"),
    [
        (None, "no pyproject.toml"),
        ("[project", "is no pyproject"),
        ("[tool.x]\n", "is no pyproject"),
        ('[project]\nname = "a"\nentry-points = {"annals.contexts" = {}}\n', "form of its own"),
    ],
)
def test_no_context_goes_where_it_cannot_be_declared(tmp_path: Path, pyproject: str | None, reason: str) -> None:
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject, "utf-8")
    before = _tree(tmp_path)
    with pytest.raises(PlaceRefused, match=reason):
        new_context("wares", tmp_path)
    assert _tree(tmp_path) == before


@pytest.mark.parametrize("moment", ["rename", "replace"])
def test_what_fails_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    new_project(tmp_path / "shop")
    before, text = _tree(tmp_path), (tmp_path / "shop/pyproject.toml").read_text("utf-8")
    original = getattr(Path, moment)

    def failing(path: Path, target: Path) -> Path:
        if moment == "replace" or "tests" in path.parts:
            raise OSError(28, "No space left on device")
        moved: Path = original(path, target)
        return moved

    monkeypatch.setattr(Path, moment, failing)
    with pytest.raises(OSError, match="No space"):
        new_context("wares", tmp_path / "shop")
    assert _tree(tmp_path) == before
    assert (tmp_path / "shop/pyproject.toml").read_text("utf-8") == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_permission_nothing_is_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        new_project(tmp_path / "shop")
