"""What was published at a commit is read without a checkout, or it is said why it cannot be read."""

import os
import subprocess
from pathlib import Path

import pytest

from contracts.compatibility.files import PublishedFile
from infra.git import published
from infra.git.published import HistoryRefused

NAMES = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
NAMES |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_SYSTEM": os.devnull}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=os.environ | NAMES, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def files_at(reference: str, folders: dict[str, Path], root: Path) -> dict[PublishedFile, bytes]:
    """What was published, as seen from the repository of the root."""
    return published.files_at(reference, folders, root, root)[0]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two commits: one published, one in which all of it is changed."""
    folder = tmp_path / "a project" / "contracts"
    write(folder / "users" / "schemas" / "CreateUser.v1.json", '{"title": "Wörter"}')
    write(folder / "users" / "samples" / "UserCreated.v1.json", '{"user_id":"ada"}')
    write(folder / "users" / "samples" / "notes.txt", "no sample")
    write(folder / "users" / "sagas" / "a welcome.json", "{}")
    write(folder / "users" / "commands.py", "")
    write(folder / "gone" / "schemas" / "Go.v1.json", "{}")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    git(folder, "tag", "released")
    write(folder / "users" / "schemas" / "CreateUser.v1.json", "changed")
    git(folder, "rm", "-rq", "gone")
    git(folder, "commit", "-qam", "two")
    return folder


def test_are_those_of_all_contexts_also_of_those_that_are_gone(root: Path) -> None:
    assert files_at("released", {"users": root / "users"}, root) == {
        PublishedFile("gone", "schemas", "Go.v1.json"): b"{}",
        PublishedFile("users", "schemas", "CreateUser.v1.json"): '{"title": "Wörter"}'.encode(),
        PublishedFile("users", "samples", "UserCreated.v1.json"): b'{"user_id":"ada"}',
        PublishedFile("users", "sagas", "a welcome.json"): b"{}",
    }
    assert PublishedFile("gone", "schemas", "Go.v1.json") not in files_at("HEAD", {}, root)
    assert files_at("main", {}, root)[PublishedFile("users", "schemas", "CreateUser.v1.json")] == b"changed"


def test_and_of_a_context_that_stands_elsewhere_in_the_repository(tmp_path: Path, root: Path) -> None:
    project = tmp_path / "shipments project"
    write(project / "src" / "messages" / "schemas" / "Ship.v1.json", "[]")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "one")
    folders = {"shipments": project / "src" / "messages", "users": root / "users"}
    # What it is run with is installed, or a checkout of its own: neither is compared.
    files, elsewhere = published.files_at("HEAD", folders, root, project / "src")
    assert (files, elsewhere) == ({PublishedFile("shipments", "schemas", "Ship.v1.json"): b"[]"}, frozenset({"users"}))
    files, elsewhere = published.files_at("released", folders, root, root)
    assert (len(files), elsewhere) == (4, frozenset({"shipments"}))


def test_also_in_a_hook_of_another_repository(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    assert len(files_at("released", {}, root)) == 4


@pytest.mark.parametrize("reference", ["nothing", "-x", "--help", "", " ", "HEAD^9", "HEAD:users", "nul\0nul", "a..b"])
def test_are_not_there_without_such_a_commit(root: Path, reference: str) -> None:
    with pytest.raises(HistoryRefused, match=r"There is no commit .*name a branch, a tag or a commit|has no NUL"):
        files_at(reference, {}, root)


def test_are_not_there_if_none_was_published_yet(root: Path) -> None:
    git(root, "rm", "-rq", "users/schemas", "users/samples", "users/sagas")
    git(root, "commit", "-qm", "three")
    with pytest.raises(HistoryRefused, match=r"HEAD of the repository .* nothing to compare with"):
        files_at("HEAD", {}, root)


def test_of_a_shallow_clone_are_to_be_fetched(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", root.as_uri(), "clone")
    with pytest.raises(HistoryRefused, match=r"shallow clone.*git fetch --unshallow"):
        files_at("released", {}, tmp_path / "clone")


def test_are_not_read_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(HistoryRefused, match="is in no git repository that may be read: run this in a checkout"):
        files_at("HEAD", {}, tmp_path)
    with pytest.raises(HistoryRefused, match="is in no git repository"):
        files_at("HEAD", {}, tmp_path / "nowhere")


def test_of_what_is_installed_are_not_there(root: Path, tmp_path: Path) -> None:
    installed = tmp_path / "lib" / "site-packages" / "contracts"
    (installed / "users").mkdir(parents=True)
    with pytest.raises(HistoryRefused, match=r"Run this in the checkout of their source.*installed has no history"):
        published.files_at("HEAD", {"users": installed / "users"}, installed, root)


def test_are_not_read_without_git(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HistoryRefused, match="git is not installed"):
        files_at("released", {}, root)


def test_are_not_waited_for_without_end(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / "bin" / "git", "#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(published, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises(HistoryRefused, match=r"git rev-parse did not end within 0\.1 s"):
        files_at("released", {}, root)


def test_whose_contents_are_missing_are_named(root: Path) -> None:
    digest = git(root, "rev-parse", "released:gone/schemas/Go.v1.json")
    (root / ".git" / "objects" / digest[:2] / digest[2:]).unlink()
    with pytest.raises(HistoryRefused, match=f"lacks the object {digest}: fetch it"):
        files_at("released", {}, root)
