"""Only mutants that a rule can decide without judgement count as harmless."""

import pytest

from tests.mutation.harmless import reason


def diff(before: str, after: str) -> str:
    lines = [f"-    {line}" for line in before.splitlines()] + [f"+    {line}" for line in after.splitlines()]
    return "\n".join(["--- a.py", "+++ a.py", "@@ -1,3 +1,3 @@", " def f():", *lines, "     return"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('raise NotALetter(record, "it has no time zone")', 'raise NotALetter(record, "XXit has no time zoneXX")'),
        ('return "the JSON holds text"', 'return "THE JSON HOLDS TEXT"'),
        ('text.encode("utf-8", "replace")', 'text.encode("UTF-8", "replace")'),
        ("event = cast(UserEvent, recorded.event)", "event = cast(None, recorded.event)"),
        ("case _:\n    assert_never(event)", ""),
        ("assert_never(event)", "assert_never(None)"),
    ],
)
def test_these_are(before: str, after: str) -> None:
    assert reason(diff(before, after)) is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('return {"topic": record.topic}', 'return {"XXtopicXX": record.topic}'),
        ('Rejection("EmailTaken", "it is taken")', 'Rejection("EMAILTAKEN", "it is taken")'),
        ('Rejection("EmailTaken", "it is taken")', 'Rejection("EmailTaken", None)'),
        ('part == "asked back"', 'part == "XXasked backXX"'),
        ('text.encode("utf-8", "replace")', 'text.encode("utf-8", "XXreplaceXX")'),
        ("event = cast(UserEvent, recorded.event)", "event = cast(UserEvent, None)"),
        ("event = cast(UserEvent, recorded.event)", "event = None"),
        ('f"{type(error).__name__} while reading it"', 'f"{type(None).__name__} while reading it"'),
        ("""f"in {'/'.join(file.split('/'))}:{line}\"""", """f"in {'XX/XX'.join(file.split('/'))}:{line}\""""),
        ("case _:\n    return state", ""),
        ("case UserCreated():\n    return state", ""),
        ('if count > 1 and name == "two words":', 'if count >= 1 and name == "two words":'),
    ],
)
def test_these_are_not(before: str, after: str) -> None:
    assert reason(diff(before, after)) is None
