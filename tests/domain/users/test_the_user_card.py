"""The projection "users"."""

from contracts.users.events import UserUpdated
from contracts.users.examples import (
    ADA_CREATED,
    ADA_DELETED,
    ADA_WELCOMED,
    ADAS_CITY_CLEARED,
    ADAS_EMAIL_CHANGED,
    ADAS_PASSWORD_CHANGED,
    USER_ID,
)
from workers.core.projection import Index
from workers.domain.users.card import card, city_index, completed, email_index
from workers.testing.scenarios import document_after

NEW_CARD = {
    "user_id": USER_ID,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "Ada@Example.org",
    "city": "London",
    "locale": "und",
    "created_at": "2026-01-01T00:00:01.000000Z",
    "welcomed_at": None,
    "version": 1,
}


def test_begins_with_the_user() -> None:
    assert document_after(card, ADA_CREATED) == NEW_CARD


def test_says_when_the_user_was_welcomed() -> None:
    welcomed = NEW_CARD | {"welcomed_at": "2026-01-01T00:00:02.000000Z", "version": 2}
    assert document_after(card, ADA_CREATED, ADA_WELCOMED) == welcomed


def test_takes_over_only_the_changed_fields() -> None:
    changed = NEW_CARD | {"email": "countess@example.org", "city": None, "version": 3}
    assert document_after(card, ADA_CREATED, ADAS_EMAIL_CHANGED, ADAS_CITY_CLEARED) == changed


def test_moves_its_version_on_with_a_change_that_it_does_not_show() -> None:
    assert document_after(card, ADA_CREATED, ADAS_PASSWORD_CHANGED) == NEW_CARD | {"version": 2}


def test_goes_with_the_user_and_stays_away() -> None:
    assert document_after(card, ADA_CREATED, ADA_DELETED) is None
    assert document_after(card, ADA_CREATED, ADA_DELETED, ADA_WELCOMED) is None


def test_is_found_by_email_and_city_in_any_case_and_spacing() -> None:
    document = document_after(card, ADA_CREATED, UserUpdated(user_id=USER_ID, city="San  José"))
    assert document is not None
    assert card.indexes(document) == {Index("email", "ada@example.org"), Index("city", "san josé")}
    assert card.indexes(document) == {email_index("ADA@EXAMPLE.ORG"), city_index(" SAN JOSÉ ")}


def test_is_in_no_citys_list_without_a_city() -> None:
    document = document_after(card, ADA_CREATED, ADAS_CITY_CLEARED)
    assert document is not None
    assert card.indexes(document) == {Index("email", "ada@example.org")}


def test_is_completed_by_what_other_contexts_know_in_the_order_in_which_it_is_shown() -> None:
    document = document_after(card, ADA_CREATED)
    assert document is not None
    whole = completed(document, order_count=2, last_order_date="2026-02-03T04:05:06.000000Z", total_spent="34.40")
    orders = {"order_count": 2, "total_spent": "34.40", "last_order_date": "2026-02-03T04:05:06.000000Z"}
    assert whole == NEW_CARD | orders
    assert list(whole)[-4:] == ["order_count", "total_spent", "last_order_date", "version"]
