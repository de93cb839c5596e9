"""What workers/README.md says of decimal quantities is what its lines print."""

import re
import subprocess
import sys

from tests.documents.blocks import blocks


def test_prints_what_the_page_says() -> None:
    (example,) = [block.text for block in blocks("workers/README.md") if "DecimalQuantity" in block.text]
    (said,) = re.findall(r"print\(.*\)  # (.+)", example)
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"{said}\n"
