"""A file of text is read and written in an encoding that the code names, never in that of the process's locale.

The migrations could not be read under an ASCII locale, and would have had other checksums under Latin-1.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, of_each, sources, tree

# The method, and how many positional arguments it has with its encoding.
READERS = {"read_text": 1, "write_text": 2}


@of_each(sources(*PACKAGES))
def test_wherever_one_is_read_or_written(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READERS:
            named = any(keyword.arg == "encoding" for keyword in node.keywords)
            assert named or len(node.args) >= READERS[node.func.attr], f"{path}:{node.lineno}: name the encoding"


def test_so_what_the_database_is_asked_is_the_same_under_every_locale() -> None:
    program = (
        "from pathlib import Path;"
        "from infra.postgres.schema_files import migrations; from infra.postgres.queries import sql;"
        "print([each.checksum for each in migrations()]);"
        "print([hash(sql(each.stem)) for each in sorted(Path('infra/postgres/queries').glob('*/*.sql'))])"
    )

    def printed(**variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": "0", **variables},
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    usual = printed(PYTHONUTF8="1")
    assert printed(PYTHONUTF8="0", LC_ALL="C", PYTHONCOERCECLOCALE="0") == usual
