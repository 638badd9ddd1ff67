"""The vault's bytes: nothing about them can be changed, cut, swapped or aged without being noticed."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PrivateKey

from dragoman.core.errors import VaultDamaged, WrongPassphrase
from dragoman.engine import vault_format
from dragoman.engine.vault_format import (
    CEILING,
    DIGEST_BYTES,
    FLOOR,
    SIGNATURE_BYTES,
    Contents,
    Derivation,
    PrivateKeys,
    decode,
    digest,
    encode,
    new_head,
    passphrase_bytes,
    unwrap,
)
from engine.vaults import CHEAP, PASSPHRASE, SECRET, head_and_keys, opened, passphrase, sealed

NAMES = ("anthropic", "openai", "ünïcode")
SIGN = b"dragoman vault 1 file"


@pytest.fixture(scope="module")
def made():
    """A vault of three entries: its contents, keys and bytes."""
    head, keys = head_and_keys()
    entries = {name: sealed(head, name, f"{SECRET}-{name}", number) for number, name in enumerate(NAMES, 2)}
    contents = Contents(head, 4, entries)
    return contents, keys, encode(contents, keys)


def signed_anew(body, key):
    """What somebody makes of a body who knows the format and has that signing key."""
    signed = body + digest(body)
    return signed + key.sign(signed, SIGN)


def flipped(data, at):
    """The data with one bit changed."""
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def regions(contents, data):
    """Where each part of the file begins, and its end, as docs/security.md has them."""
    sizes = [8, 2, 16, 4, 4, 4, 16, 1568, 32, 2592, 12, 144, 8, 4]
    for name, entry in sorted(contents.entries.items()):
        sizes += [1, len(name.encode()), 8, 1568, 32, 12, 4, len(entry.ciphertext)]
    sizes += [64, 4627]
    starts = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    assert starts[-1] == len(data)
    return starts


def test_what_is_written_is_read(made):
    """The bytes give back the same values, and the same secrets."""
    contents, keys, data = made
    read = decode(data)
    assert read == contents
    opened_keys = unwrap(read.head, passphrase())
    assert opened_keys.seeds == keys.seeds
    assert [opened(read.head, opened_keys, name, read.entries[name]) for name in NAMES] == [
        f"{SECRET}-{name}" for name in NAMES
    ]


def test_an_empty_vault(made):
    """A vault without entries is a whole one."""
    contents, keys, _ = made
    empty = Contents(contents.head)
    assert decode(encode(empty, keys)) == empty


def test_no_secret_lies_open(made):
    """Neither secrets nor passphrase nor private keys are in the bytes."""
    _, keys, data = made
    assert SECRET.encode() not in data
    assert PASSPHRASE.encode() not in data
    assert not any(bytes(keys.seeds[at : at + 16]) in data for at in range(0, len(keys.seeds), 16))


def test_equal_secrets_look_different(made):
    """The same secret under the same name is never encrypted to the same bytes twice."""
    contents, _, _ = made
    one, other = sealed(contents.head, "a"), sealed(contents.head, "a")
    assert {one.kem_ciphertext, one.x_public, one.nonce, one.ciphertext}.isdisjoint(
        {other.kem_ciphertext, other.x_public, other.nonce, other.ciphertext}
    )


def test_every_changed_byte_is_noticed(made):
    """A bit that changed anywhere in the file makes it damaged."""
    _, _, data = made
    for at in range(len(data)):
        with pytest.raises(VaultDamaged):
            decode(flipped(data, at))


def test_every_cut_is_noticed(made):
    """A file of any shorter length is damaged, and so is one with something added."""
    _, _, data = made
    for length in range(len(data)):
        with pytest.raises(VaultDamaged):
            decode(data[:length])
    for more in (b"\0", b"x" * SIGNATURE_BYTES, data):
        with pytest.raises(VaultDamaged):
            decode(data + more)


def test_changes_with_a_digest_to_match_are_noticed(made):
    """Who changes any part of the file and computes the digest again is found out by the signature."""
    contents, _, data = made
    body = data[: -SIGNATURE_BYTES - DIGEST_BYTES]
    for start, end in pairwise(regions(contents, data)[:-2]):
        for at in {start, (start + end) // 2, end - 1}:
            changed = flipped(body, at)
            with pytest.raises(VaultDamaged):
                decode(changed + digest(changed) + data[-SIGNATURE_BYTES:])


def test_a_signature_by_another_key_opens_nothing(made):
    """Who signs the file with a key of their own, put into it, has a file that no passphrase and no agent opens."""
    contents, keys, data = made
    foreign = MLDSA87PrivateKey.generate()
    head = replace(contents.head, signing_public=foreign.public_key().public_bytes_raw())
    whole = encode(replace(contents, head=head), keys)
    forged = decode(signed_anew(whole[: -SIGNATURE_BYTES - DIGEST_BYTES], foreign))
    assert forged.entries == decode(data).entries
    with pytest.raises(WrongPassphrase):
        unwrap(forged.head, passphrase())
    assert contents.head.fits(keys)
    assert not forged.head.fits(keys)


@pytest.mark.parametrize(
    "change",
    [
        {"vault_id": bytes(16)},
        {"derivation": replace(CHEAP, iterations=2)},
        {"salt": bytes(16)},
        {"kem_public": head_and_keys()[0].kem_public},
        {"x_public": bytes(32)},
        {"nonce": bytes(12)},
        {"wrapped": bytes(144)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_head_does_not_unwrap(made, change):
    """The private keys come out only beside the very head they were wrapped with."""
    head = replace(made[0].head, **change)
    with pytest.raises(WrongPassphrase):
        unwrap(head, passphrase())


def test_swapped_entries_are_noticed(made):
    """Two entries whose secrets changed places open under neither name, even in a file that is signed by its key."""
    contents, keys, _ = made
    one, other, _ = NAMES
    swapped = {**contents.entries, one: contents.entries[other], other: contents.entries[one]}
    read = decode(encode(replace(contents, entries=swapped), keys))
    for name in (one, other):
        with pytest.raises(VaultDamaged, match="entries"):
            opened(read.head, keys, name, read.entries[name])


@pytest.mark.parametrize(
    "change",
    [
        lambda entry, _: replace(entry, written=entry.written - 1),
        lambda entry, other: replace(entry, kem_ciphertext=other.kem_ciphertext),
        lambda entry, other: replace(entry, x_public=other.x_public),
        lambda entry, _: replace(entry, x_public=bytes(32)),
        lambda entry, other: replace(entry, nonce=other.nonce),
        lambda entry, _: replace(entry, ciphertext=flipped(entry.ciphertext, 0)),
        lambda entry, _: replace(entry, ciphertext=entry.ciphertext[:-1]),
        lambda entry, _: replace(entry, ciphertext=entry.ciphertext[:16]),
    ],
)
def test_a_changed_entry_does_not_open(made, change):
    """Every part of an entry is bound to it, its number too."""
    contents, keys, _ = made
    changed = change(contents.entries[NAMES[0]], contents.entries[NAMES[1]])
    with pytest.raises(VaultDamaged, match="entries"):
        opened(contents.head, keys, NAMES[0], changed)


def test_an_entry_of_another_vault_does_not_open(made):
    """An entry belongs to one vault: the same keys under another id do not open it."""
    contents, keys, _ = made
    with pytest.raises(VaultDamaged, match="entries"):
        opened(replace(contents.head, vault_id=os.urandom(16)), keys, NAMES[0], contents.entries[NAMES[0]])


@pytest.mark.parametrize("wrong", ["", "correct horsf", "Correct horse", "correct horse ", "x" * 10_000])
def test_a_wrong_passphrase(made, wrong):
    """Any other passphrase opens nothing, and is not repeated in what is said."""
    with pytest.raises(WrongPassphrase) as raised:
        unwrap(made[0].head, passphrase(wrong))
    assert "horsf" not in str(raised.value)


def test_keyboards_agree_on_letters():
    """A passphrase with an accent is the same however a keyboard composes it."""
    text = "naïve café Ångström"
    assert passphrase_bytes(unicodedata.normalize("NFD", text)) == passphrase_bytes(unicodedata.normalize("NFC", text))


def test_a_newer_format_is_named(made):
    """A file of a later format is said to be one, instead of damaged."""
    _, keys, data = made
    body = data[: -SIGNATURE_BYTES - DIGEST_BYTES]
    with pytest.raises(VaultDamaged, match="newer Dragoman"):
        decode(signed_anew(body[:8] + b"\0\2" + body[10:], keys.signing))


@pytest.mark.parametrize("data", [b"", b"D", b"not a vault at all" * 1000, bytes(20_000), b"DRGVAULT", b"DRGVAULT\0\0"])
def test_what_is_no_vault(data):
    """Anything else is refused for what it is."""
    with pytest.raises(VaultDamaged, match=r"no vault|cut short"):
        decode(data)


@pytest.mark.parametrize(
    "count_and_rest",
    [
        lambda count, entries: ((count + 1).to_bytes(4), entries),
        lambda count, entries: ((count - 1).to_bytes(4), entries),
        lambda _, entries: (b"\xff\xff\xff\xff", entries),
        lambda count, entries: (count.to_bytes(4), entries[:-1]),
        lambda count, entries: (count.to_bytes(4), entries + b"\0"),
        lambda count, entries: ((2 * count).to_bytes(4), entries + entries),
        lambda count, entries: (count.to_bytes(4), entries[:1] + b"\xff" + entries[2:]),
        lambda _, __: ((1).to_bytes(4), b""),
    ],
)
def test_lengths_that_do_not_add_up(made, count_and_rest):
    """Signed or not, a file whose counts and lengths do not fit what is in it is refused."""
    contents, keys, data = made
    body = data[: -SIGNATURE_BYTES - DIGEST_BYTES]
    at = regions(contents, data)[13]
    count, rest = count_and_rest(len(NAMES), body[at + 4 :])
    with pytest.raises(VaultDamaged):
        decode(signed_anew(body[:at] + count + rest, keys.signing))


def test_the_usual_derivation_is_within_its_limits():
    """What new vaults cost is believed, and what is far cheaper or dearer is not."""
    assert Derivation().within(FLOOR, CEILING)
    assert FLOOR.within(FLOOR, CEILING)
    for field in ("memory_kib", "iterations", "lanes"):
        assert not replace(FLOOR, **{field: getattr(FLOOR, field) - 1}).within(FLOOR, CEILING)
        assert not replace(CEILING, **{field: getattr(CEILING, field) + 1}).within(FLOOR, CEILING)


def test_keys_are_wiped_and_never_shown(made):
    """Private keys tell nothing of themselves, and are zeros once they are done with."""
    keys = PrivateKeys(bytearray(made[1].seeds))
    assert keys.seeds.hex()[:8] not in repr(keys) + str(keys)
    with keys:
        assert any(keys.seeds)
    assert not any(keys.seeds)


def test_the_passphrases_key_is_wiped(monkeypatch):
    """The key made of the passphrase is zeros once the private keys are wrapped, and once they are unwrapped."""
    made, derive = [], vault_format._passphrase_key
    monkeypatch.setattr(vault_format, "_passphrase_key", lambda *given: made.append(derive(*given)) or made[-1])
    head, _ = new_head(passphrase(), CHEAP)
    unwrap(head, passphrase())
    with pytest.raises(WrongPassphrase):
        unwrap(head, passphrase("wrong"))
    assert [any(key) for key in made] == [False] * 3
