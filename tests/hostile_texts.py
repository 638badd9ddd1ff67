"""Texts that are made to take long: what every rule's search begins with, over and over, and what it reads on from.

For the tests of redaction and for `scripts/bench`.
"""

from __future__ import annotations

from random import Random

from dragoman.core.redact_rules import PLACES, TOKENS
from planted_secrets import planted

TAILS = (
    "", "a", "a1B2", " ", "=", ' = "', ": ", '="', '":"', "('", "\n", "-", "_", ".", ":", "@", "/", "a:a", "a:a@", "\\", '\\"',
    "=a1B2c3D4e5F6", '="a1B2c3D4e5F6g7H8"', ': "abcdefghijklmno" ', "=abcdefghijkl\n", "a" * 30, "a1" * 20, "A1b2" * 15,
    " " * 30, "=" * 10, '"' * 5, "[]", ">", ">a1B2c3D4</", "_a_b_c_d ", "a.b.c.d.e ", " 'a1B2c3!' ",
)  # fmt: skip
REPEATED = (
    "a", "1", "A", "A1b2C3d4", "=", '"', "'", "`", "\\", "-", "_", ".", "/", ":", " ", "\n", "\r\n", "-----", "-----BEGIN ", "PRIVATE KEY",
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nA: b\n", "://", "://a:", "://a:b@", "://a:bbbbbbbb", "eyJ", "eyJ.eyJ.",
    "-eyJ", "=eyJ", " eyJabcdefghij.eyJabcdefghij.", "REDACTED_1_KEY ", "REDACTED_", "redacted1", "{", "(", "[", "<a>", "${", "İ", "\ud800",
    "=a1B2c3D4e5F6g7H8i9", "İpassword='", "0x", "0123456789abcdef", "a-", "a_", "a.", "Ab", "passwordpasswd", "secrettokenkey",
)  # fmt: skip


def hostile_texts(length=100_000):
    """Names and texts of this many characters."""
    for piece in REPEATED:
        yield f"repeated {piece!r}", _filled(piece, length)
    gates = dict.fromkeys(gate.decode() for rule in (*TOKENS, *PLACES) for gate in rule.gates)
    everything = " ".join(gates)
    yield "all gates", _filled(everything + " ", length)
    for tail in TAILS:
        yield f"all gates, each with {tail!r}", _filled("".join(gate + tail for gate in gates), length)
    for gate in dict.fromkeys(gate.decode() for rule in PLACES for gate in rule.gates):
        for tail in TAILS:
            yield f"{gate!r} with {tail!r}", _filled(gate + tail, length)
    for file in planted(rounds=1):
        yield f"{file.kind} over and over", _filled(file.text, length)
        yield f"{file.kind}, one letter short", _filled(file.secret[:-1] + "!", length)
        yield f"{file.kind}, its beginning", _filled(file.secret[:9], length)
    random = Random(0)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    yield "one long word", "".join(random.choices(letters + "+/", k=length))
    for start, end in (("ghp_", "\n"), ('password="', '"\n'), ("token: ", "\n"), ("://u:", "@h\n"), ("AKIA", " ")):
        lines = length // (36 + len(start) + len(end))
        found = (
            start + "".join(random.choices(letters.upper() if start == "AKIA" else letters, k=36)) + end
            for _ in range(lines)
        )
        yield f"a different secret in each line: {start!r}", "".join(found)
    same = "".join(random.choices(letters, k=12))
    yield "one secret, and its beginning everywhere", f'password="{same}Z"\n' + _filled(same, length - 30)
    alike = ["".join(random.choices("ab", k=90)) + str(number) for number in range(length // 220)]
    yield "secrets that begin alike", "\n".join(f'password = "{one}"' for one in alike) + "a" * (length // 2)


def _filled(piece, length):
    return (piece * (length // len(piece) + 1))[:length]
