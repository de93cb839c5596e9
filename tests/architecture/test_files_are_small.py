"""A file is a page or two; one that is outgrown becomes a folder of the same name."""

from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, of_each, sources

MOST_LINES = 250
HARD_LIMIT_LINES = 300
# Files over the limit that read better whole, and why; none may pass the hard limit.
WHOLE: dict[str, str] = {}

every_file = of_each(sources(*PACKAGES, "tests"))


@every_file
def test_each_has_at_most_two_pages(path: Path) -> None:
    lines = len((ROOT / path).read_text("utf-8").splitlines())
    limit = HARD_LIMIT_LINES if path.as_posix() in WHOLE else MOST_LINES
    assert lines <= limit, f"{path} has {lines} lines, at most {limit}: make it a folder of smaller files"


@every_file
def test_each_opens_with_what_it_is_for(path: Path) -> None:
    text = (ROOT / path).read_text("utf-8")
    assert not text.strip() or text.startswith('"""'), f"{path} must open with a docstring"


def test_exceptions_are_files_that_need_one() -> None:
    for name in WHOLE:
        assert len((ROOT / name).read_text("utf-8").splitlines()) > MOST_LINES, f"{name} needs no exception any more"
