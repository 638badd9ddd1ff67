"""Texts that are made to take long: what every rule's search begins with, over and over, and what it reads on from.

For the tests of redaction and for `scripts/bench`.
"""

from __future__ import annotations

import string
from random import Random

from dragoman.core.redact_rules import PLACES, TOKENS
from planted_secrets import planted

NAMES = ("password", "pwd", "passphrase", "_pass", "secret", "token", "cookie", "jwt", "_auth", "key", "private_key")
# fmt: off
TAILS = (
    "", "a", "a1B2", " ", "=", ' = "', ": ", '="', '":"', "('", "\n", "-", "_", ".", ":", "@", "/", "a:a", "a:a@", "\\",
    '\\"', "=a1B2c3D4e5F6", '="a1B2c3D4e5F6g7H8"', ': "abcdefghijklmno" ', "=abcdefghijkl\n", "a" * 30, "a1" * 20,
    "A1b2" * 15, " " * 30, "=" * 10, '"' * 5, "[]", ">", ">a1B2c3D4</", "_a_b_c_d ", "a.b.c.d.e ", " 'a1B2c3!' ",
)
REPEATED = (
    "a", "1", "A", "A1b2C3d4", "=", '"', "'", "`", "\\", "-", "_", ".", "/", ":", " ", "\n", "\r\n", "-----",
    "-----BEGIN ", "PRIVATE KEY", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nA: b\n", "://", "://a:",
    "://a:b@", "://a:bbbbbbbb", "eyJ", "eyJ.eyJ.", "-eyJ", "=eyJ", " eyJabcdefghij.eyJabcdefghij.", "REDACTED_1_KEY ",
    "REDACTED_", "redacted1", "{", "(", "[", "<a>", "${", "İ", "\ud800", "=a1B2c3D4e5F6g7H8i9", "İpassword='", "0x",
    "0123456789abcdef", "a-", "a_", "a.", "Ab", "passwordpasswd", "secrettokenkey", "secret\ntype\n", "secret { type\n",
)
# fmt: on
LETTERS = string.ascii_letters + string.digits


def hostile_texts(length, only=None):
    """Names and texts of about this many characters; of all, or of the names in `only`."""
    for name, make in _makers(length).items():
        if only is None or name in only:
            yield name, make()


def _makers(length):
    def filled(piece):
        return lambda: (piece * (length // len(piece) + 1))[:length]

    makers = {f"repeated {piece!r}": filled(piece) for piece in REPEATED}
    gates = [gate.decode() for rule in (*TOKENS, *PLACES) for gate in rule.gates] + list(NAMES)
    for tail in TAILS:
        makers[f"all beginnings, each with {tail!r}"] = filled("".join(gate + tail for gate in gates))
    for gate in dict.fromkeys([*NAMES, *(gate.decode() for rule in PLACES for gate in rule.gates)]):
        for tail in TAILS:
            makers[f"{gate!r} with {tail!r}"] = filled(gate + tail)
    for file in planted(rounds=1):
        makers[f"{file.kind} over and over"] = filled(file.text)
        makers[f"{file.kind}, one letter short"] = filled(file.secret[:-1] + "!")
        makers[f"{file.kind}, its beginning"] = filled(file.secret[:9])
    for start, end in (("ghp_", "\n"), ('password="', '"\n'), ("token: ", "\n"), ("://u:", "@h\n")):
        makers[f"a different secret in each line, behind {start!r}"] = lambda start=start, end=end: _different(
            start, end, length
        )
    makers["one long word"] = lambda: "".join(Random(0).choices(LETTERS + "+/", k=length))
    makers["secrets that begin alike"] = lambda: _alike(length)
    return makers


def _different(start, end, length):
    random = Random(0)
    lines = length // (36 + len(start) + len(end))
    return "".join(start + "".join(random.choices(LETTERS, k=36)) + end for _ in range(lines))


def _alike(length):
    random = Random(0)
    secrets = ("".join(random.choices("ab", k=90)) + str(number) for number in range(length // 220))
    return "\n".join(f'password = "{secret}"' for secret in secrets) + "a" * (length // 2)
