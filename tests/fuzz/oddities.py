"""Odd values that mutations put into fields and headers."""

import math
from typing import Any

REPLIES = "{replies}"
"""A placeholder for the name of the topic of replies, filled in when the message is produced."""

UUID_TEXT = "0190a0b0-0000-7000-8000-000000000001"

FIELD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**400, -(10**30), math.nan, math.inf, -math.inf),
    *("", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\r\n", "\t", "\u202e\u2066", "\ufeff", "\u0301" * 50),
    *("x" * 100, "x" * 255, "x" * 5000, "𝕏" * 200, "İ" * 40, "ß" * 90, "null", "NaN", "-0", "0x10"),
    *("a@b", "@", "a@b.c", "İ@EXAMPLE.org", "a b@example.org", '"a b"@example.org', "a@" + "b" * 300 + ".org"),
    *("a@xn--nxasmq6b.org", "a@[127.0.0.1]", "<script>", "'; DROP TABLE annals.events; --", "%s%n", "{{7*7}}"),
    *([], [[]], {}, {"a": {}}, ["Ada"], {"Ada": "Ada"}, [None] * 1000),
)

HEADER_VALUES: dict[str, tuple[str, ...]] = {
    "ce_specversion": ("0.3", "1.0 ", "2.0", "1", "one", ""),
    "ce_id": (
        *("", " ", "seventeen", "0", "0" * 32, UUID_TEXT[:-1], UUID_TEXT + "0", f" {UUID_TEXT}"),
        *("g" * 36, "-" * 36, "x" * 2000, "٣" * 36),
    ),
    "ce_type": (
        *("", "users", "users.CreateUser", "users.CreateUser.v0", "users.CreateUser.v2", "users.CreateUser.v9999"),
        *("users.CreateUser.v10000", "users.CreateUser.v01", "users.CreateUser.v1 ", "USERS.CreateUser.v1"),
        *("users.createuser.v1", "users.UserCreated.v1", "orders.PlaceOrder.v1", "users.CreateUser.v٣", "..v1"),
        *("users.CreateUser.v1\n", "x" * 1025, "users." + "x" * 1000 + ".v1"),
    ),
    "ce_source": ("", "x" * 1024, "x" * 1025, "not a uri", "é", "\x7f"),
    "ce_subject": ("", "another", "x" * 2000),
    "ce_time": ("", "yesterday", "2026-13-45T99:99:99Z", "x" * 1024),
    "content-type": ("", "text/plain", "application/json; charset=utf-16", "application/cloudevents+json"),
    "ce_correlationid": ("", "x" * 1024, "x" * 1025, "a\nb", "\x00", "é" * 500, "'\"\\", "\u2028"),
    "ce_causationid": ("", "x" * 1024, "x" * 1025, "a\nb", "\x00", "𝕏" * 200),
    "ce_actor": ("", "x" * 1024, "x" * 1025, "x" * 30_000, "\x00", "Zoë", "\u202eadmin", '{"a":1}'),
    "ce_replyto": (
        *("", ":", "replies", f"{REPLIES}:0", f"{REPLIES}:5", f"{REPLIES}:6", f"{REPLIES}:-1", f"{REPLIES}:٣"),
        *(f"{REPLIES}:{'9' * 900}", f"{REPLIES}:0:0", f"{REPLIES}: 0", "users.commands:0", "users.events:0"),
        *("users.commands.dlq:0", "__consumer_offsets:0", "..:0", "nowhere:0", "x" * 1020 + ":0", "é:0"),
    ),
    "ce_expectedversion": (
        *("", "0", "1", "-1", "+1", " 1", "1.0", "1e3", "٣", "²", "9" * 18, "9" * 19, "9" * 1000, "9" * 5000),
        *("0x1", "1_000", "007", "NaN"),
    ),
    "ce_expiresat": (
        *("", "now", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2099-01-01", "2099-01-01T00:00:00"),
        *("9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "2099-13-01T00:00:00Z"),
        *("20990101T000000Z", "2099-W01-1T00:00:00Z", "2099-01-01T24:00:00Z", "2099-01-01T00:00:00+99:99"),
        *("2016-12-31T23:59:60Z", "1e9", "-1"),
    ),
    "traceparent": (
        *("", "00", "x" * 1024, "x" * 5000, f"00-{'0' * 32}-{'0' * 16}-00", f"ff-{'a' * 32}-{'b' * 16}-01"),
        *(f"00-{'A' * 32}-{'B' * 16}-01", "00-é-é-01", f"00-{'a' * 32}-{'b' * 16}-01-more"),
    ),
}

NAMES = (
    "ce_",
    "CE_ID",
    "ce-id",
    "ce_id ",
    "é",
    "",
    "x" * 500,
    "dlq_reason",
    "dlq_offset",
    "ce_sequence",
    "\ufffd",
    "\x00",
)
