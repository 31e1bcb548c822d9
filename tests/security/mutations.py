"""Changing what is right until it is wrong: JSON, headers and bytes, by a random generator with a seed."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

SECRET = "sk-canary-0123456789"

NESTED = "[" * 500 + "]" * 500
NUMBERS: Sequence[Any] = (0, -1, 2, 1e308, -1e308, 10**400, 2**63, 1e-320, float("nan"), float("inf"), 0.1)
TEXTS = (
    "",
    " ",
    "..",
    ".",
    "../../dags/evil.py",
    "x/../../../dags/evil.py",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "task\x00id",
    "\x1b[2J\x1b[31m",
    "line\r\nanother: line",
    "\u202eevil\u2066",
    "\ud83d",
    "\ufeff",
    "A" * 100_000,
    "é" * 5_000,
    "'; rm -rf ~ #",
    "$(touch /tmp/pwned)",
    "{{ var.value.secret }}",
    "%s%s%n",
    SECRET,
    f"Bearer {SECRET}",
    "1e999999999",
    "9" * 5_000,
    "NaN",
    "true",
    "null",
    "succeed",
    "SUCCESS",
    "canceled",
    "moderation",
    "2026-13-45T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1",
    "https://user:password@example.com:99999/x?sig=1#part",
    "file:///etc/passwd",
    "https://faß.example/x",
    "https://example.com/" + "a" * 10_000,
    "data:text/html,<script>",
)
OTHERS: Sequence[Any] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None] * 1_000,
    {"": {}},
    {"url": "x"},
    ["x"] * 2_000,
    json.loads(NESTED),
    {str(number): number for number in range(2_000)},
)
STATUSES = (
    *(200, 200, 200, 201, 202, 204, 206, 299, 300, 301, 302, 304, 307, 400, 401, 402, 403, 404, 405, 407),
    *(408, 409, 410, 413, 418, 422, 423, 425, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599, 999),
)
HEADERS = {
    "Retry-After": (
        *("0", "1", "-1", "1e300", "NaN", "9" * 400, "soon", ""),
        *(f"Wed, 21 Oct {year} 07:28:00 GMT" for year in ("99999", "9" * 20)),
        f"Wed, 21 Oct 2026 07:28:00 +{'9' * 16}",
    ),
    "X-RateLimit-Limit": ("0", "1", "-5", "1e-300", "inf", "x"),
    "X-RateLimit-Remaining": ("0", "1e300", "-1", "x"),
    "X-RateLimit-Reset": ("0", "1e300", "1" * 300, "-1", "tomorrow"),
    "Date": ("now", "Mon, 99 Foo 0000 99:99:99 GMT"),
    "Content-Type": (
        "text/html",
        "application/json; charset=utf-16",
        "application/json; charset=nonsense",
        "",
    ),
    "Content-Encoding": ("gzip", "gzip, gzip", "identity", "br", "x" * 3_000),
    "Location": ("http://169.254.169.254/", "//[", "../../..", "javascript:1", SECRET),
    "Set-Cookie": ("a=b; Domain=example.com", "x" * 20_000),
    "X-Request-Id": (SECRET, "\x1b[2J", "é", "x" * 20_000),
    "Content-Range": ("bytes 0-1/2", "bytes 99999-1/-5", "nonsense"),
    "ETag": ('"x"', "W/", '"\x80"'),
}


def mutated_json(document: Any, random: Random) -> Any:
    """Return a copy of a document with one to four changes."""
    changed = copy.deepcopy(document)
    for _ in range(random.randint(1, 4)):
        changed = _changed(changed, random)
    return changed


def mutated_bytes(data: bytes, random: Random) -> bytes:
    """Return bytes that differ in one to four places, are cut, or are another file's."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(changed) + 1)
        length = min(random.choice((1, 1, 2, 4, 8, 64, 1024)), len(changed) - at)
        match random.randrange(7):
            case 0:
                changed[at : at + length] = random.randbytes(length)
            case 1:
                changed[at : at + length] = bytes([random.choice((0, 0x7F, 0x80, 0xFF))]) * length
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = random.randbytes(length)
            case 4:
                changed[at:at] = changed[at : at + length] * random.choice((1, 2, 50))
            case 5:
                del changed[at:]
            case 6 if length:
                changed[at] ^= 1 << random.randrange(8)
    return bytes(changed)


def written(document: Any, random: Random) -> bytes:
    """Write a document as JSON, one time in six not as everyone does."""
    text = json.dumps(document)
    plain = text.encode()
    match random.randrange(24):
        case 0:
            return mutated_bytes(plain, random)
        case 1:
            return random.choice((text.encode("utf-16"), b"\xef\xbb\xbf" + plain, text.encode("utf-32-be")))
        case 2:
            return random.choice(
                (b"", b"null", b"[]", b"{", NESTED.encode() * 20, b"<html>no</html>", b"\x00")
            )
        case 3:
            return b"".join(b"\\u%04x" % byte if chr(byte).isalnum() else bytes([byte]) for byte in plain)
    return plain


def mutated_headers(random: Random) -> dict[str, str]:
    """Return up to three headers that make no sense, or too much."""
    names = random.sample(sorted(HEADERS), random.choice((0, 0, 1, 3)))
    return {name: random.choice(HEADERS[name]) for name in names}


def _changed(document: Any, random: Random) -> Any:
    places = list(_places(document))
    if not places or random.random() < 0.03:
        return random.choice(OTHERS)
    holder, key = random.choice(places)
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[random.choice((key.upper(), f" {key}", *TEXTS))] = holder.pop(key)
        case 2:
            other, place = random.choice(places)
            if place in other if isinstance(other, dict) else place < len(other):
                holder[key] = copy.deepcopy(other[place])
        case 3:
            holder[key] = [holder[key]] * random.choice((1, 2, 60))
        case _:
            holder[key] = random.choice(random.choice((NUMBERS, TEXTS, TEXTS, OTHERS)))
    return document


def _places(document: Any) -> Any:
    if isinstance(document, dict | list) and len(document) < 500:
        for key in list(document) if isinstance(document, dict) else range(len(document)):
            yield document, key
            yield from _places(document[key])
