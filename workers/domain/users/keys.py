"""When two values of a user count as the same: for unique claims on the write side and look-ups on the read side.

A claim, an index entry, a query and a verification all use these keys, so a value that is unique can also be found.
Values are stored and shown as they were written; only their keys are equal. Ids, SKUs, currencies and idempotency keys
are ASCII by their form and compared byte by byte: they need no key.

A key of an earlier release becomes today's by the same function, for `email_key(key)` of a key is the key.
"""

import re
import unicodedata

from idna import IDNAError, uts46_remap

EMAIL = "email"

# https://www.unicode.org/reports/tr46/#Notation: what separates the labels of a domain besides the full stop.
_FULL_STOPS = re.compile("[\u3002\uff0e\uff61]")
# Marks that show nothing: joiners, soft hyphens, marks of direction, selectors of a glyph's variant.
_UNSEEN = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def email_key(email: str) -> str:
    """An e-mail address as it is compared.

    The local part is compared without regard to case, to how its characters are composed (RFC 6532, section 3.1;
    caseless match D145 of the Unicode standard) and to marks that show nothing: people could not tell such mailboxes
    apart. A character that is only compatible, such as a full-width letter, makes another mailbox. The domain is
    compared as its A-labels (UTS #46, not transitional): in Unicode, Punycode or full width it is the same domain.
    """
    if email.isascii():
        return email.lower()
    local, _, domain = email.rpartition("@")
    return f"{_caseless(_shown(local))}@{_domain_key(domain)}"


def city_key(city: str) -> str:
    """A city's name without regard to case, to how its characters are composed, to compatible forms of them (full
    width, ligatures), to marks that show nothing and to how much white space stands between its words (caseless match
    D146 of the Unicode standard).
    """
    if city.isascii():
        return " ".join(city.lower().split())
    folded = unicodedata.normalize("NFD", _shown(city)).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def claim_key(scope: str, key: str) -> str:
    """The key of a claim that an earlier release wrote, as it is written today."""
    return email_key(key) if scope == EMAIL else key


def _shown(text: str) -> str:
    """The text without its marks that show nothing."""
    return "".join(character for character in _UNSEEN.sub("", text) if unicodedata.category(character) != "Cf")


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _domain_key(domain: str) -> str:
    try:
        mapped = uts46_remap(domain, std3_rules=False, transitional=False)
    except IDNAError:
        # A resolver would reject this name, but it was accepted: it must have a key as well.
        mapped = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", domain).casefold())
    labels = _FULL_STOPS.sub(".", mapped).rstrip(".").split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
