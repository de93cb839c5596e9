"""The code blocks of the documents: what they give the reader to type, or to write into a file."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "contracts/README.md", "workers/README.md", "infra/README.md", "tests/README.md")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^##+ (.*)$", re.MULTILINE)
_FILE = re.compile(r"# (\S+\.py)\n")


class Block(NamedTuple):
    """A fenced block below a heading. `file`: where its first line says that it stands; empty: it is to be typed."""

    document: str
    heading: str
    language: str
    text: str
    file: str

    @property
    def name(self) -> str:
        return f"{self.document}: {self.heading}: {self.text.splitlines()[0]}"


def blocks(document: str) -> list[Block]:
    """The blocks of a document in their order, without pictures, and without YAML, which is rendered elsewhere
    (tests/deploy/test_what_the_manual_says_of_a_cluster.py).
    """
    text = (ROOT / document).read_text("utf-8")
    headings = [(match.start(), match.group(1)) for match in _HEADING.finditer(text)]
    found: list[Block] = []
    for match in _FENCED.finditer(text):
        language, content = match.groups()
        if language not in ("mermaid", "yaml"):
            heading = [title for start, title in headings if start < match.start()][-1:] or [""]
            file = _FILE.match(content)
            found.append(Block(document, heading[0], language, content, file.group(1) if file else ""))
    return found
