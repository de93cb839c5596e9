"""By what values of a user count as the same: for claims in the write side and for look-ups in the read side.

The one place that knows. A claim, an entry of the directory, a query and a verification all ask here, so what is unique
is also found. Values are kept and shown as they were written; only their keys are alike. Ids, SKUs, currencies and
idempotency keys are ASCII by their form and compared byte by byte: they need no key.

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

    The local part without regard to case, to how its characters are composed (RFC 6532, section 3.1; caseless match
    D145 of the Unicode standard) and to marks that show nothing: nobody could tell the two mailboxes apart. What is
    only compatible, as a full-width letter is, stays another mailbox. The domain
    as its A-labels (UTS #46, not transitional): in Unicode, in Punycode, in full width, it is the same domain.
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
    return "".join(each for each in _UNSEEN.sub("", text) if unicodedata.category(each) != "Cf")


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _domain_key(domain: str) -> str:
    try:
        mapped = uts46_remap(domain, std3_rules=False, transitional=False)
    except IDNAError:
        # No name that a resolver would take, but one that was accepted: it must have a key as well.
        mapped = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", domain).casefold())
    labels = _FULL_STOPS.sub(".", mapped).rstrip(".").split(".")
    return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)
