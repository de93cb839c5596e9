"""Headers that every answer gets, so that nobody but its caller keeps it, reads it or shows it.

`Cache-Control: private, no-store`: an answer tells about people, so neither a proxy nor a browser may keep it; also a
404 does, by being one. A caller that keeps a card on purpose has its ETag and may send it in If-None-Match: it still
gets the 304, which has the same headers, and a query with an ETag or a position still waits until it shows. Only the
documentation, which is the same for everybody, may be kept.
"""

from collections.abc import Sequence

Headers = Sequence[tuple[bytes, bytes]]

PUBLIC_PATHS = ("/docs", "/openapi.json")

# No embedding by other sites, no guessing of types, no frames (https://fetch.spec.whatwg.org,
# https://html.spec.whatwg.org).
_AGAINST_OTHER_SITES = (
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_PERSONAL = ((b"cache-control", b"private, no-store"), *_AGAINST_OTHER_SITES)


def protective_headers(path: str) -> Headers:
    """The headers of an answer at this path."""
    return _AGAINST_OTHER_SITES if path.startswith(PUBLIC_PATHS) else _PERSONAL
