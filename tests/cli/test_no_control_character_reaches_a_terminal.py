"""What others have sent (a path, a header, a key, an address) is shown with its control characters escaped: in each
format of the log, and in all that a command prints, into a file and on a terminal.
"""

import json
import os
import pty
import re
import subprocess
import sys

import pytest

from infra.control_characters import in_lines, in_one_line

CLEAR, TITLE, COPY, C1, BACK = "\x1b[2J", "\x1b]0;owned\x07", "\x1b]52;c;cm0=\x07", "\x9b2J", "\rall is well"
HOSTILE = [CLEAR, TITLE, COPY, C1, BACK, "\x1b[8mhidden", "\x08\x08", "\x7f", "\u202egnp.exe", "a\u2028b", "\x00"]
COLOURS = re.compile(r"\x1b\[(0|1|2|3[1-6])m")
LOGGING = """
import json, logging, sys
from infra import output
from infra.settings import Settings
from infra.telemetry.logs import command_line_logs, configure_logs
import structlog
kind, hostile = json.loads(sys.argv[1])
if kind == "command":
    output.guard()
    command_line_logs()
else:
    configure_logs(Settings(log_format=kind))
log = structlog.get_logger("ours")
for text in hostile:
    log.error(text, path=text, pair=(text, 1), fields={"a": text}, body=text.encode())
    log.error("one\\nforged line", path="a\\nforged line")
    logging.getLogger("a.driver").error("about %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
        logging.getLogger("a.driver").exception("failed")
"""
PRINTING = """
import json, sys, typer
from infra import output
output.guard()
for text in json.loads(sys.argv[1]):
    print(text)
    typer.echo(typer.style(text, fg=typer.colors.GREEN, bold=True))
    print(json.dumps({"text": text}, ensure_ascii=False))
    print(text, file=sys.stderr)
    sys.stdout.writelines([text, "\\n"])
raise ValueError(text)
"""


def piped(script: str, argument: object) -> str:
    command = [sys.executable, "-c", script, json.dumps(argument)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return ended.stdout.decode()


def on_a_terminal(script: str, argument: object) -> str:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", script, json.dumps(argument)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65_536):
                shown += piece
        except OSError:
            pass  # how a terminal says that its last program has ended
        process.wait(60)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")  # as a terminal's driver ends lines


def controls_in(text: str) -> set[str]:
    return {character for character in text if in_lines(character) != character}


@pytest.mark.parametrize("kind", ["console", "json", "command"])
def test_of_the_log(kind: str) -> None:
    for shown, allowed in ((piped(LOGGING, [kind, HOSTILE]), ""), (on_a_terminal(LOGGING, [kind, HOSTILE]), COLOURS)):
        assert "about" in shown
        assert "ValueError" in shown
        assert controls_in(re.sub(allowed, "", shown)) == set()
        assert not [line for line in shown.splitlines() if line.startswith("forged")], "a line is one line"


def test_of_what_a_command_prints() -> None:
    shown = piped(PRINTING, HOSTILE)
    assert "Traceback" in shown
    assert controls_in(shown) == set()
    assert controls_in(COLOURS.sub("", on_a_terminal(PRINTING, HOSTILE))) == set()


def test_json_stays_what_it_was() -> None:
    lines = [line for line in piped(PRINTING, HOSTILE).splitlines() if line.startswith("{")]
    assert [json.loads(line)["text"] for line in lines] == HOSTILE


def test_our_own_colours_stay_on_a_terminal_and_go_elsewhere() -> None:
    assert "\x1b[32m\x1b[1mgood\x1b[0m" in on_a_terminal(PRINTING, ["good"])
    assert "\x1b" not in piped(PRINTING, ["good"])


def test_without_the_filter_they_would_arrive() -> None:
    unfiltered = PRINTING.replace("output.guard()", "")
    assert {"\x1b", "\x07", "\x9b"} <= controls_in(piped(unfiltered, HOSTILE))


@pytest.mark.parametrize(
    ("text", "line", "lines"),
    [
        ("Größe 名 😀 \N{COMBINING ACUTE ACCENT}", "Größe 名 😀 \N{COMBINING ACUTE ACCENT}", None),
        ("a\nb\tc", "a\\u000ab\\u0009c", "a\nb\tc"),
        ("\x1b[31m", "\\u001b[31m", None),
    ],
)
def test_other_characters_stay(text: str, line: str, lines: str | None) -> None:
    assert in_one_line(text) == line
    assert in_lines(text) == (line if lines is None else lines)


def test_a_table_or_a_bar_that_is_gone_leaves_the_output_open() -> None:
    lines = (
        "import gc",
        "from infra import output",
        "output.guard()",
        "from infra.cli.drawing import console_on_stdout, progress_bar",
        "console_on_stdout().print('first')",
        "progress_bar('bar')",
        "gc.collect()",
        "console_on_stdout().print('second')",
        "print('third')",
        "print('error', file=__import__('sys').stderr)",
    )
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert (ended.stdout, ended.stderr) == ("first\nsecond\nthird\n", "error\n")
