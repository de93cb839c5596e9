"""What counts as equal has one key, whether it is written, searched or verified; what does not, has another."""

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.fields import EmailAddress, ShortText
from workers.domain.users.card import city_index, email_index
from workers.domain.users.decider import decider
from workers.domain.users.keys import city_key, claim_key, email_key

EMAILS = [
    ("zoë@example.org", "zoe\u0308@example.org"),
    ("ZOË@example.org", "zoë@example.org"),
    ("ÅNGSTRÖM@example.org", "a\u030angstro\u0308m@example.org"),
    ("\u212bngström@example.org", "ångström@example.org"),  # ANGSTROM SIGN is canonically Å
    ("STRASSE@example.org", "straße@example.org"),
    ("ΟΔΟΣ@example.org", "οδος@example.org"),
    ("οδοσ@example.org", "οδος@example.org"),
    ("\u1e9b\u0323@example.org", "\u1e61\u0323@example.org"),  # marks in one order
    ("ada@ü.example", "ada@u\u0308.example"),
    ("ada@ü.example", "ada@xn--tda.example"),
    ("ada@Ü.EXAMPLE", "ada@XN--TDA.example"),
    ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),
    ("ada@ｅｘａｍｐｌｅ.org", "ada@example.org"),
    ("ada@mail。example.org", "ada@mail.example.org"),
    ("ada@mail．example｡x.org", "ada@mail.example.x.org"),
    ("ada@exam\u00adple.org", "ada@example.org"),
    ("ada@ﬁ.example", "ada@fi.example"),
    ("ada@😀.example", "ada@xn--e28h.example"),
    ("ada@Bücher_.example", "ada@bücher_.example"),
    ("a\u200bda@example.org", "ada@example.org"),
    ("ada\u2060\ufeff@example.org", "ADA@example.org"),
    ("\u202eada\u00ad@example.org", "ada@example.org"),
    ("ada\ufe0f@example.org", "ada@example.org"),
    ("zo\u200de\u0308@example.org", "zoë@example.org"),
]
OTHER_EMAILS = [
    ("ada@straße.example", "ada@strasse.example"),  # IDNA 2008: two domains
    ("zoe@example.org", "zoë@example.org"),
    ("ａda@example.org", "ada@example.org"),  # compatible is not the same mailbox
    ("a.da@example.org", "ada@example.org"),
]
CITIES = [
    ("Köln", "Ko\u0308ln"),
    ("Großstadt", "GROSSSTADT"),
    ("İstanbul", "I\u0307STANBUL"),
    ("İSTANBUL", "i\u0307stanbul"),
    ("San\u00a0José", "san  jose\u0301"),
    ("San\u3000José", " SAN JOSÉ "),
    ("ﬁnsterwalde", "Finsterwalde"),
    ("Ｏｓｌｏ", "oslo"),
    ("Zü\u00adrich", "zürich"),
    ("\u200fתל אביב", "תל אביב"),
    ("Αθήναι", "ΑΘΉΝΑΙ"),
    ("ΠΑΤΡΑΣ", "πατρας"),
    ("葛\U000e0100城", "葛城"),
]
OTHER_CITIES = [("Koln", "Köln"), ("Istanbul", "İstanbul"), ("San José", "SanJosé")]

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_valid_email = TypeAdapter(EmailAddress)
_valid_text = TypeAdapter(ShortText)


@pytest.mark.parametrize(("spelling", "other"), EMAILS)
def test_an_address_is_the_same_however_it_is_written(spelling: str, other: str) -> None:
    assert email_key(spelling) == email_key(other)
    assert email_index(spelling) == email_index(other)


@pytest.mark.parametrize(("spelling", "other"), OTHER_EMAILS)
def test_two_addresses_stay_two(spelling: str, other: str) -> None:
    assert email_key(spelling) != email_key(other)


@pytest.mark.parametrize(("spelling", "other"), CITIES)
def test_a_city_is_the_same_however_it_is_written(spelling: str, other: str) -> None:
    assert city_key(spelling) == city_key(other)
    assert city_index(spelling) == city_index(other)


@pytest.mark.parametrize(("spelling", "other"), OTHER_CITIES)
def test_two_cities_stay_two(spelling: str, other: str) -> None:
    assert city_key(spelling) != city_key(other)


@given(texts, texts)
@example("x", "\u1806a")
def test_no_address_is_without_a_key_and_forms_of_one_share_it(local: str, label: str) -> None:
    email = f"{local}@{label}.org"
    try:
        _valid_email.validate_python(email)
    except ValidationError:
        assume(False)
    key = email_key(email)
    assert key.count("@") == 1
    assert key.rpartition("@")[2].isascii()
    for form in ("NFC", "NFD"):
        assert email_key(unicodedata.normalize(form, email)) == key
    assert email_key(key) == key
    assert claim_key("email", email.lower()) == key, "what the first release wrote becomes today's key"


@given(texts)
def test_forms_of_one_city_share_a_key(city: str) -> None:
    try:
        _valid_text.validate_python(city)
    except ValidationError:
        assume(False)
    key = city_key(city)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert city_key(unicodedata.normalize(form, city)) == key
    assert city_key(city.casefold()) == key
    assert city_key(f"  {city}\u00a0") == key
    assert city_key(key) == key
    assert not any(unicodedata.category(character) == "Cc" for character in key), (
        "entries of an index hold no control character"
    )


def test_another_scope_keeps_its_keys() -> None:
    assert decider.claim_key("nickname", "ZOË") == "ZOË"
