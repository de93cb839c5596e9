"""The committed schemas of the states of sagas."""

import json
from pathlib import Path

from contracts.schemas import ROOT
from workers.published_states import (
    published_states,
    stale_states,
    state_breaks,
    undeclared_states,
    write_states,
)


def test_say_what_the_states_say() -> None:
    assert [str(path.relative_to(ROOT)) for path in stale_states()] == [], "run `annals docs schemas`, and commit them"
    assert undeclared_states() == {}
    assert [str(state_break) for state_break in state_breaks()] == []


def test_are_those_of_all_sagas_by_name() -> None:
    paths = {str(state.path().relative_to(ROOT)): state.name for state in published_states()}
    assert paths["orders/sagas/account closing.json"] == "orders.sagas.account closing"
    assert {json.loads((ROOT / path).read_text("utf-8"))["$id"] for path in paths} == {*paths.values()}


def test_are_rewritten_when_stale_and_never_removed(tmp_path: Path) -> None:
    written = write_states(tmp_path)
    assert set(written) == {state.path(tmp_path) for state in published_states()}
    assert (stale_states(tmp_path), undeclared_states(tmp_path)) == ([], {})
    edited, removed = written[0], written[1]
    retired = tmp_path / "users" / "sagas" / "old welcome.json"
    edited.write_text(edited.read_text("utf-8").replace('"title": "', '"title": "Once '), "utf-8")
    removed.unlink()
    retired.write_text("{}", "utf-8")
    assert set(stale_states(tmp_path)) == {edited, removed}
    assert set(write_states(tmp_path)) == {edited, removed}
    assert undeclared_states(tmp_path) == {retired: "users.sagas.old welcome"}
    assert retired.read_text("utf-8") == "{}"


def test_stay_as_they_are_where_stored_states_would_not_be_read(tmp_path: Path) -> None:
    write_states(tmp_path)
    welcome = tmp_path / "users" / "sagas" / "welcome.json"
    longer = welcome.read_text("utf-8").replace('"abandoned"', '"abandoned", "forgotten"')
    welcome.write_text(longer, "utf-8")
    assert write_states(tmp_path) == []
    assert welcome.read_text("utf-8") == longer
    (state_break,) = state_breaks(tmp_path)
    assert state_break.type == "users.sagas.welcome"
    assert "in workers.domain.users.welcome.WelcomeState" in state_break.advice
