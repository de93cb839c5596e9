"""Writes what the templates give, all of it or nothing: files are made in a folder beside their place and moved there
when they are complete.
"""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from infra.scaffolding.names import check_context_name, check_project_name

SUFFIX = ".template"
# Files that tools would take for their own if they were called so among the templates.
HIDDEN = {"env": ".env", "gitignore": ".gitignore"}
GROUPS = {"annals.contracts": "{0}.contracts", "annals.contexts": "{0}.context:context"}


class PlaceRefused(Exception):
    """A project or a context cannot be written here. Nothing was."""


def new_project(folder: Path, context: str | None = None) -> list[Path]:
    """Write a project with one context, called as the project unless told otherwise; returns its files, sorted.

    Raises NameRefused, PlaceRefused or OSError.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100  # a link stays what it is
    name = folder.name
    check_project_name(name)
    context = context or name.replace("-", "_")
    check_context_name(context)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise PlaceRefused(f"{folder} exists and is no folder. Choose another name.")
    if folder.is_dir() and any(folder.iterdir()):
        raise PlaceRefused(f"The folder {folder} is not empty. Choose another one, or add a context there.")
    if not folder.parent.is_dir():
        raise PlaceRefused(f"There is no folder {folder.parent}. Make it first.")
    values = {"project": name, **_values(context)}
    with _draft(folder.parent) as draft:
        _render(_templates("project"), draft, values)
        _render_context(draft, context)
        paths = sorted(path.relative_to(draft) for path in draft.rglob("*") if path.is_file())
        draft.chmod(0o777 & ~_umask())
        draft.rename(folder)  # in the place of an empty folder too
    return [folder / path for path in paths]


def new_context(name: str, project: Path) -> list[Path]:
    """Add a context to a project; returns what was written, sorted, pyproject.toml included.

    Raises NameRefused, PlaceRefused or OSError.
    """
    check_context_name(name)
    project = Path(os.path.abspath(project))  # noqa: PTH100
    pyproject = project / "pyproject.toml"
    if not pyproject.is_file():
        raise PlaceRefused(f"There is no pyproject.toml in {project}. Go to a project's folder, or make one first.")
    declared = _with_entry_points(pyproject, name)
    places = [project / "src" / name, project / "tests" / name]
    for place in places:
        if place.exists() or place.is_symlink():
            raise PlaceRefused(f"{place} exists. Remove it, or choose another name.")
    moved: list[Path] = []
    made = [folder for folder in (project / "src", project / "tests") if not folder.exists()]
    with _draft(project) as draft:
        _render_context(draft, name)
        (draft / "pyproject.toml").write_text(declared, "utf-8")
        shutil.copymode(pyproject, draft / "pyproject.toml")
        try:
            for place in places:
                place.parent.mkdir(exist_ok=True)
                (draft / place.relative_to(project)).rename(place)
                moved.append(place)
            (draft / "pyproject.toml").replace(pyproject)
        except BaseException:
            for place in moved:
                shutil.rmtree(place)
            for folder in made:
                folder.rmdir()
            raise
    return sorted([pyproject, *(path for place in places for path in place.rglob("*") if path.is_file())])


def _with_entry_points(pyproject: Path, name: str) -> str:
    """The text of a pyproject.toml with the context's entry points. Raises PlaceRefused."""
    text = pyproject.read_text("utf-8")
    try:
        declared = tomllib.loads(text)["project"].get("entry-points", {})
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise PlaceRefused(f"{pyproject} is no pyproject.toml with a table [project]: {error!r}") from error
    for group, form in GROUPS.items():
        if name in declared.get(group, {}):
            raise PlaceRefused(f'{pyproject} has an entry point {name} in the group "{group}" already.')
        line, header = f'{name} = "{form.format(name)}"\n', f'[project.entry-points."{group}"]\n'
        text = text.replace(header, header + line, 1) if header in text else f"{text.rstrip()}\n\n{header}{line}"
    try:
        written = tomllib.loads(text)["project"]["entry-points"]
    except tomllib.TOMLDecodeError:
        written = {}
    if any(written.get(group, {}).get(name) != form.format(name) for group, form in GROUPS.items()):
        lines = [
            f'{name} = "{form.format(name)}" in [project.entry-points."{group}"]' for group, form in GROUPS.items()
        ]
        raise PlaceRefused(
            f"{pyproject} has entry points in a form of its own. Nothing was written. Add there: {'; '.join(lines)}."
        )
    return text


def _values(context: str) -> dict[str, str]:
    return {"context": context, "Context": "".join(part.capitalize() for part in context.split("_"))}


def _render_context(folder: Path, context: str) -> None:
    templates = _templates("context")
    for part in ("src", "tests"):
        _render(templates / part, folder / part / context, _values(context))


def _templates(name: str) -> Traversable:
    return files(__package__) / "templates" / name


def _render(templates: Traversable, folder: Path, values: Mapping[str, str]) -> None:
    """Write each template below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in templates.iterdir():
        if entry.is_dir():
            _render(entry, folder / entry.name, values)
        elif entry.name.endswith(SUFFIX):
            name = entry.name.removesuffix(SUFFIX)
            text = Template(entry.read_text("utf-8")).substitute(values)
            (folder / HIDDEN.get(name, name)).write_text(text, "utf-8")


@contextmanager
def _draft(beside: Path) -> Iterator[Path]:
    """A folder on the same file system, removed at the end unless it was moved away. Raises OSError."""
    draft = Path(tempfile.mkdtemp(prefix=".annals-new-", dir=beside))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
