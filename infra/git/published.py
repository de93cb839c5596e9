"""Reads published files as they stood at a commit, by the git that is installed. Nothing is checked out."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from contracts.compatibility.files import FOLDERS, PublishedFile

TIMEOUT_SECONDS = 60.0
MAX_FILES = 20_000
MAX_BYTES = 64 * 1024 * 1024
"""Of all files together."""


class HistoryRefused(Exception):
    """What was published at a commit cannot be read. The text says why, and what to do."""


class GitSaidNo(HistoryRefused):
    """git ended with an error."""


def files_at(
    reference: str, folders: Mapping[str, Path], root: Path, checkout: Path
) -> tuple[dict[PublishedFile, bytes], frozenset[str]]:
    """The published files at a commit of the repository that `checkout` stands in, and the contexts of which there
    are none because they stand elsewhere, as those that are installed do.

    They are those of every context in a folder under `root`, of its name, also of contexts that are gone by now, and of
    the `folders` elsewhere, by context. Raises HistoryRefused.
    """
    commit = _commit(checkout, reference)
    repository = _repository(checkout)
    files: dict[PublishedFile, bytes] = {}
    if _repository(root) == repository:
        for path, value in _published_under(root, commit, depth=3).items():
            files[PublishedFile(path.parts[0], *path.parts[1:])] = value
    elsewhere = {context for context, folder in folders.items() if _repository(folder) != repository}
    for context, folder in folders.items():
        if folder.parent != root and context not in elsewhere:
            for path, value in _published_under(folder, commit, depth=2).items():
                files[PublishedFile(context, *path.parts)] = value
    if not files:
        places = ", ".join(sorted({str(folder) for folder in folders.values()}))
        raise HistoryRefused(
            f"{reference} of the repository {os.fsdecode(repository or b'')} has no published schemas of these "
            f"contexts, so there is nothing to compare with: {places}. Run this in the checkout of their source, and "
            "name a commit at which their schemas were committed; what is installed has no history."
        )
    return files, frozenset(elsewhere)


def _published_under(folder: Path, commit: str, depth: int) -> dict[PurePosixPath, bytes]:
    """By path from the folder: `users/schemas/CreateUser.v1.json` with a depth of 3."""
    listed = _git(folder, "ls-tree", "-r", "-z", "-l", commit, "--", ".").decode("utf-8", "surrogateescape")
    blobs: dict[PurePosixPath, str] = {}
    total = 0
    for line in filter(None, listed.split("\0")):
        entry, _, name = line.partition("\t")
        _, kind, digest, size = entry.split()
        path = PurePosixPath(name)
        if kind == "blob" and len(path.parts) == depth and path.parts[-2] in FOLDERS and path.suffix == ".json":
            if not size.isdigit():  # the blob is not in the repository
                raise HistoryRefused(_incomplete(folder, digest))
            blobs[path] = digest
            total += int(size)
    if len(blobs) > MAX_FILES or total > MAX_BYTES:
        raise HistoryRefused(
            f"{commit} has {len(blobs)} published files of {total} bytes under {folder}: at most {MAX_FILES} files "
            f"of {MAX_BYTES} bytes are compared."
        )
    values = _values(folder, list(blobs.values()))
    return dict(zip(blobs, values, strict=True))


def _commit(checkout: Path, reference: str) -> str:
    if _repository(checkout) is None:
        raise HistoryRefused(
            f"{checkout} is in no git repository that may be read: run this in a checkout, or leave --against out."
        )
    refusal = f"There is no commit {reference!a} in the repository of {checkout}"
    if _git(checkout, "rev-parse", "--is-shallow-repository").strip() == b"true":
        refusal += ": it is a shallow clone. Fetch it whole (git fetch --unshallow; in a pipeline fetch-depth: 0)"
    else:
        refusal += ": name a branch, a tag or a commit that is fetched (git fetch --all --tags)"
    wanted = f"{reference}^{{commit}}"
    commit = _git(checkout, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted, refusal=refusal)
    return commit.decode().strip()


def _repository(folder: Path) -> bytes | None:
    """The folder of the repository that a folder is in; None outside of any."""
    if not folder.is_dir():
        return None
    try:
        return _git(folder, "rev-parse", "--show-toplevel").strip()
    except GitSaidNo:
        return None


def _values(folder: Path, digests: Sequence[str]) -> list[bytes]:
    output = _git(folder, "cat-file", "--batch", given="".join(f"{digest}\n" for digest in digests).encode())
    values, position = [], 0
    for digest in digests:
        header, _, _ = output[position : position + 200].partition(b"\n")
        fields = header.split()
        if len(fields) != 3:
            raise HistoryRefused(_incomplete(folder, digest))
        begin = position + len(header) + 1
        values.append(output[begin : begin + int(fields[2])])
        position = begin + int(fields[2]) + 1
    return values


def _incomplete(folder: Path, digest: str) -> str:
    return f"The repository of {folder} lacks the object {digest}: fetch it (git fetch --refetch), then run this again."


def _git(folder: Path, *arguments: str, given: bytes = b"", refusal: str | None = None) -> bytes:
    """What git prints. `refusal` says what it means when git says no; its own words follow."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=given,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            env={**_environment(), "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError as error:
        raise HistoryRefused("git is not installed: install it, or leave --against out.") from error
    except subprocess.TimeoutExpired as error:
        raise HistoryRefused(f"git {arguments[0]} did not end within {TIMEOUT_SECONDS:g} s in {folder}.") from error
    except ValueError as error:  # a NUL in the reference
        raise HistoryRefused("The name of a commit has no NUL.") from error
    if done.returncode != 0:
        words = " ".join(done.stderr.decode(errors="replace").split())
        said = f" (git: {words})" if words else ""
        raise GitSaidNo(f"{refusal or f'git {arguments[0]} failed in {folder}'}{said}.")
    return done.stdout


def _environment() -> dict[str, str]:
    """Without the variables by which git works on another repository than the folder's, as in a hook."""
    return {
        name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}
    }
