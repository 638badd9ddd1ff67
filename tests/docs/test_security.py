"""The page on security describes the vault's file as it is."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA3_512
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dragoman.engine import vault_format
from dragoman.engine.vault_format import CEILING, FLOOR, Contents, encode
from dragoman.engine.vault_mark import MARK_BYTES
from engine.vaults import CHEAP, head_and_keys, sealed

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## The vault's file")[1].split("\n## ")[0]


@pytest.fixture(scope="module")
def vault():
    """A vault's contents and bytes."""
    head, keys = head_and_keys("naïve café")
    contents = Contents(head, 9, {name: sealed(head, name, f"of {name}", at) for at, name in enumerate("ab", 7)})
    return contents, encode(contents, keys)


def tables(columns):
    """The rows of every table with those columns, as lists of cells."""
    return [
        [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]
        for rows in re.findall(rf"^\| {re.escape(columns)} \|\n\|[-|]+\n((?:\|.*\n)+)", SECTION, re.MULTILINE)
    ]


def test_the_head(vault):
    """Every part of the head lies at its offset, is as long as said, and nothing lies between."""
    contents, data = vault
    head = contents.head
    expected = (
        b"DRGVAULT",
        b"\0\1",
        head.vault_id,
        CHEAP.memory_kib.to_bytes(4),
        CHEAP.iterations.to_bytes(4),
        CHEAP.lanes.to_bytes(4),
        head.salt,
        head.kem_public,
        head.x_public,
        head.signing_public,
        head.nonce,
        head.wrapped,
        (9).to_bytes(8),
        (2).to_bytes(4),
    )
    (rows,), at = tables("offset | bytes | what"), 0
    for (offset, length, _), value in zip(rows, expected, strict=True):
        assert (int(offset), int(length)) == (at, len(value))
        assert data[at : at + len(value)] == value
        at += len(value)


def test_entries_and_end(vault):
    """Entries and end are laid out as the page has them, to the last byte."""
    contents, data = vault
    entry_rows, end_rows = tables("bytes | what")
    at = sum(int(length) for _, length, _ in tables("offset | bytes | what")[0])
    for name, entry in contents.entries.items():
        values = (
            bytes([len(name)]),
            name.encode(),
            entry.written.to_bytes(8),
            entry.kem_ciphertext,
            entry.x_public,
            entry.nonce,
            len(entry.ciphertext).to_bytes(4),
            entry.ciphertext,
        )
        for (length, _), value in zip(entry_rows, values, strict=True):
            assert length in ("that many", str(len(value)))
            assert data[at : at + len(value)] == value
            at += len(value)
    assert len(data) - at == sum(int(length) for length, _ in end_rows)
    assert data[at : at + int(end_rows[0][0])] == vault_format.digest(data[:at])


def test_limits_names_and_contexts():
    """Limits, contexts and file names on the page are the code's."""
    words = " ".join(SECTION.split())
    assert (
        f"above {vault_format.LARGEST_FILE_BYTES // 2**20} MiB, no secret above "
        f"{vault_format.LARGEST_SECRET_BYTES // 2**10} KiB, and no Argon2id parameters below "
        f"{FLOOR.memory_kib // 2**10} MiB, {FLOOR.iterations} iterations and {FLOOR.lanes} lane or above "
        f"{CEILING.memory_kib // 2**20} GiB, {CEILING.iterations} and {CEILING.lanes}."
    ) in words
    for context in (vault_format._WRAP, vault_format._SEAL, vault_format._SIGN):
        assert f"`{context.decode()}`" in words
    assert MARK_BYTES == 16 + 8 + 64


def test_a_reader_made_from_the_page(vault):
    """Who has the page and the passphrase, and nothing of Dragoman, can check the signature and open every entry."""
    data = vault[1]
    assert read_by_the_page(data, unicodedata.normalize("NFC", "naïve café").encode()) == {"a": "of a", "b": "of b"}
    with pytest.raises(InvalidSignature):
        read_by_the_page(data[:-1] + bytes([data[-1] ^ 1]), b"")


def read_by_the_page(data, passphrase):
    """A vault's secrets by name, read as the page says, without a look at Dragoman's code."""
    signed, signature = data[:-4627], data[-4627:]
    assert sha3(signed[:-64]) == signed[-64:]
    MLDSA87PublicKey.from_public_bytes(data[1654:4246]).verify(signature, signed, b"dragoman vault 1 file")
    memory, iterations, lanes = (int.from_bytes(data[at : at + 4]) for at in (26, 30, 34))
    key = Argon2id(salt=data[38:54], length=32, iterations=iterations, lanes=lanes, memory_cost=memory).derive(
        passphrase
    )
    private = AESGCM(key).decrypt(data[4246:4258], data[4258:4402], b"dragoman vault 1 private keys" + data[:4246])
    kem = MLKEM1024PrivateKey.from_seed_bytes(private[:64])
    x25519 = X25519PrivateKey.from_private_bytes(private[64:96])
    secrets, at = {}, 4414
    for _ in range(int.from_bytes(data[4410:4414])):
        name = data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
        written, sent, ephemeral, nonce = data[at : at + 8], data[at + 8 : at + 1576], *cut(data, at + 1576, 32, 12)
        length = int.from_bytes(data[at + 1620 : at + 1624])
        hidden = data[at + 1624 : at + 1624 + length]
        at += 1624 + length
        shared = kem.decapsulate(sent) + x25519.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        salt = sha3(sent + ephemeral + data[54:1622] + data[1622:1654])
        info = b"dragoman vault 1 entry" + data[10:26]
        key = HKDF(SHA3_512(), 32, salt, info).derive(shared)
        secrets[name.decode()] = AESGCM(key).decrypt(nonce, hidden, info + written + name).decode()
    assert at == len(signed) - 64
    return secrets


def cut(data, at, *lengths):
    """Pieces of these lengths, one after the other."""
    for length in lengths:
        yield data[at : at + length]
        at += length


def sha3(data):
    """SHA3-512."""
    return hashlib.sha3_512(data).digest()
