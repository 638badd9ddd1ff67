"""The vault's file as values, and its cryptography: docs/security.md says every byte. Reads and writes no file.

Every primitive is the `cryptography` library's; nothing here is home-made but the order in which they are used.
"""

from __future__ import annotations

import os
import struct
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PrivateKey, MLDSA87PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PrivateKey, MLKEM1024PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA3_512, Hash
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dragoman.core.errors import VaultDamaged, WrongPassphrase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

MAGIC = b"DRGVAULT"
VERSION = 1

LARGEST_FILE_BYTES = 16 * 2**20
LARGEST_SECRET_BYTES = 2**16
LARGEST_NAME_BYTES = 255

KEM_SEED_BYTES, X_KEY_BYTES, SIGNING_SEED_BYTES = 64, 32, 32
SEED_BYTES = KEM_SEED_BYTES + X_KEY_BYTES + SIGNING_SEED_BYTES
ID_BYTES = SALT_BYTES = TAG_BYTES = 16
NONCE_BYTES = 12
KEM_PUBLIC_BYTES = KEM_CIPHERTEXT_BYTES = 1568
X_PUBLIC_BYTES = 32
SIGNING_PUBLIC_BYTES = 2592
DIGEST_BYTES = 64
SIGNATURE_BYTES = 4627

_BOUND = struct.Struct(
    f">8sH{ID_BYTES}sIII{SALT_BYTES}s{KEM_PUBLIC_BYTES}s{X_PUBLIC_BYTES}s{SIGNING_PUBLIC_BYTES}s"
)  # what the wrapping of the private keys is bound to
_WRAPPED = struct.Struct(f">{NONCE_BYTES}s{SEED_BYTES + TAG_BYTES}s")
_COUNTS = struct.Struct(">QI")
_ENTRY = struct.Struct(f">Q{KEM_CIPHERTEXT_BYTES}s{X_PUBLIC_BYTES}s{NONCE_BYTES}sI")
_TAIL_BYTES = DIGEST_BYTES + SIGNATURE_BYTES
_BODY_OFFSET = _BOUND.size + _WRAPPED.size
SMALLEST_FILE_BYTES = _BODY_OFFSET + _COUNTS.size + _TAIL_BYTES

_WRAP, _SEAL, _SIGN = (b"dragoman vault 1 " + use for use in (b"private keys", b"entry", b"file"))


@dataclass(frozen=True, slots=True)
class Derivation:
    """What Argon2id (RFC 9106) spends on a passphrase. The default is the RFC's second recommended choice."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4

    def within(self, least: Derivation, most: Derivation) -> bool:
        """Whether it is neither weaker than `least` in anything, nor dearer than `most`."""
        return (
            least.memory_kib <= self.memory_kib <= most.memory_kib
            and least.iterations <= self.iterations <= most.iterations
            and least.lanes <= self.lanes <= most.lanes
        )


FLOOR = Derivation(memory_kib=19 * 1024, iterations=2, lanes=1)
"""The weakest that is believed (OWASP, Password Storage Cheat Sheet): a file must not make guessing cheap."""

CEILING = Derivation(memory_kib=4 * 2**20, iterations=64, lanes=64)
"""The dearest that is tried: a file must not make this process eat the machine."""


class PrivateKeys:
    """The unlocked vault: the seeds of its three private keys, in memory of our own that `wipe` overwrites.

    As a context it wipes itself at the end.
    """

    def __init__(self, seeds: bytearray) -> None:
        if len(seeds) != SEED_BYTES:
            raise ValueError("these are no seeds")
        self.seeds = seeds

    def __repr__(self) -> str:
        return "PrivateKeys()"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def wipe(self) -> None:
        """Overwrite the seeds. What the libraries below copied is theirs to clear."""
        wipe(self.seeds)

    @property
    def kem(self) -> MLKEM1024PrivateKey:
        """FIPS 203."""
        return MLKEM1024PrivateKey.from_seed_bytes(memoryview(self.seeds)[:KEM_SEED_BYTES])

    @property
    def x25519(self) -> X25519PrivateKey:
        """RFC 7748."""
        return X25519PrivateKey.from_private_bytes(memoryview(self.seeds)[KEM_SEED_BYTES:-SIGNING_SEED_BYTES])

    @property
    def signing(self) -> MLDSA87PrivateKey:
        """FIPS 204."""
        return MLDSA87PrivateKey.from_seed_bytes(memoryview(self.seeds)[-SIGNING_SEED_BYTES:])


@dataclass(frozen=True, slots=True)
class Head:
    """What stays the same until the passphrase changes: who the vault is, its public keys, its wrapped private ones."""

    vault_id: bytes
    derivation: Derivation
    salt: bytes
    kem_public: bytes
    x_public: bytes
    signing_public: bytes
    nonce: bytes
    wrapped: bytes

    @property
    def bound(self) -> bytes:
        """Everything but the wrapped keys themselves, which are bound to it."""
        cost = self.derivation
        return _BOUND.pack(
            MAGIC,
            VERSION,
            self.vault_id,
            cost.memory_kib,
            cost.iterations,
            cost.lanes,
            self.salt,
            self.kem_public,
            self.x_public,
            self.signing_public,
        )

    def fits(self, keys: PrivateKeys) -> bool:
        """Whether these private keys belong to these public ones."""
        return bytes_eq(b"".join(_public(keys)), self.kem_public + self.x_public + self.signing_public)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One entry's secret, encrypted. `written` is the generation of the file that it was written in."""

    written: int
    kem_ciphertext: bytes
    x_public: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """The whole file. `generation` counts its writes from one."""

    head: Head
    generation: int = 1
    entries: Mapping[str, Sealed] = field(default_factory=dict)


def passphrase_bytes(text: str) -> bytearray:
    """What Argon2id gets: UTF-8 of Unicode's form C, so that every keyboard's "é" is the same one."""
    return bytearray(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass"))


def wipe(secret: bytearray) -> None:
    """Overwrite it with zeros, as long as it was."""
    secret[:] = bytes(len(secret))


def new_head(passphrase: bytearray, derivation: Derivation, vault_id: bytes | None = None) -> tuple[Head, PrivateKeys]:
    """A head with keys of its own, for a new vault or, with its id, for one that changes its passphrase."""
    keys = PrivateKeys(
        bytearray(
            MLKEM1024PrivateKey.generate().private_bytes_raw()
            + X25519PrivateKey.generate().private_bytes_raw()
            + MLDSA87PrivateKey.generate().private_bytes_raw()
        )
    )
    unwrapped = Head(
        vault_id or os.urandom(ID_BYTES), derivation, os.urandom(SALT_BYTES), *_public(keys), nonce=b"", wrapped=b""
    )
    nonce, wrapped = os.urandom(NONCE_BYTES), bytearray(SEED_BYTES + TAG_BYTES)
    key = _passphrase_key(passphrase, unwrapped)
    try:
        AESGCM(key).encrypt_into(nonce, keys.seeds, _WRAP + unwrapped.bound, wrapped)
    finally:
        wipe(key)
    return replace(unwrapped, nonce=nonce, wrapped=bytes(wrapped)), keys


def unwrap(head: Head, passphrase: bytearray) -> PrivateKeys:
    """The private keys. Raises `WrongPassphrase`, also where anything in the head was changed."""
    seeds = bytearray(SEED_BYTES)
    key = _passphrase_key(passphrase, head)
    try:
        AESGCM(key).decrypt_into(head.nonce, head.wrapped, _WRAP + head.bound, seeds)
    except InvalidTag:
        raise WrongPassphrase from None
    finally:
        wipe(key)
    keys = PrivateKeys(seeds)
    if not head.fits(keys):
        raise VaultDamaged("its keys do not belong together")
    return keys


def seal(head: Head, name: str, written: int, secret: bytearray) -> Sealed:
    """The secret, encrypted so that only the vault's private keys open it, and only under this name and number."""
    shared_kem, kem_ciphertext = MLKEM1024PublicKey.from_public_bytes(head.kem_public).encapsulate()
    ephemeral = X25519PrivateKey.generate()
    shared_x = ephemeral.exchange(X25519PublicKey.from_public_bytes(head.x_public))
    x_public, nonce = ephemeral.public_key().public_bytes_raw(), os.urandom(NONCE_BYTES)
    key = _entry_key(head, shared_kem, shared_x, kem_ciphertext, x_public)
    try:
        ciphertext = AESGCM(key).encrypt(nonce, secret, _entry_bound(head, name, written))
    finally:
        wipe(key)
    return Sealed(written, kem_ciphertext, x_public, nonce, ciphertext)


def unseal(head: Head, keys: PrivateKeys, name: str, sealed: Sealed) -> bytearray:
    """The secret. Raises `VaultDamaged` where anything about the entry is not as it was written."""
    secret = bytearray(len(sealed.ciphertext) - TAG_BYTES)
    try:
        shared_kem = keys.kem.decapsulate(sealed.kem_ciphertext)
        shared_x = keys.x25519.exchange(X25519PublicKey.from_public_bytes(sealed.x_public))
        key = _entry_key(head, shared_kem, shared_x, sealed.kem_ciphertext, sealed.x_public)
        try:
            AESGCM(key).decrypt_into(sealed.nonce, sealed.ciphertext, _entry_bound(head, name, sealed.written), secret)
        finally:
            wipe(key)
    except (InvalidTag, ValueError):  # ValueError: a public key that none is
        raise VaultDamaged("one of its entries was changed") from None
    return secret


def encode(contents: Contents, keys: PrivateKeys) -> bytes:
    """The file's bytes, signed."""
    head = contents.head
    parts = [
        head.bound,
        _WRAPPED.pack(head.nonce, head.wrapped),
        _COUNTS.pack(contents.generation, len(contents.entries)),
    ]
    for name, sealed in sorted(contents.entries.items()):
        label = name.encode()
        parts += [
            bytes([len(label)]),
            label,
            _ENTRY.pack(sealed.written, sealed.kem_ciphertext, sealed.x_public, sealed.nonce, len(sealed.ciphertext)),
            sealed.ciphertext,
        ]
    body = b"".join(parts)
    body += digest(body)
    return body + keys.signing.sign(body, _SIGN)


def decode(data: bytes) -> Contents:
    """The file's values, once digest and signature are found right. Raises `VaultDamaged`.

    The signature is judged by the key in the file itself: whether that is the vault's is known once it is unlocked.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise VaultDamaged("its file is no vault")
    version = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 2])
    if version > VERSION:
        raise VaultDamaged("it was written by a newer Dragoman (upgrade this one)")
    if version < 1 or len(data) < SMALLEST_FILE_BYTES:
        raise VaultDamaged("its file is cut short or garbled")
    signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if digest(signed[:-DIGEST_BYTES]) != signed[-DIGEST_BYTES:]:
        raise VaultDamaged("its file is cut short or garbled")
    head = _head(data)
    try:
        MLDSA87PublicKey.from_public_bytes(head.signing_public).verify(signature, signed, _SIGN)
    except (InvalidSignature, ValueError):
        raise VaultDamaged("its file was changed by somebody without its key") from None
    try:
        return _Reader(signed[_BODY_OFFSET:-DIGEST_BYTES]).contents(head)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise VaultDamaged("its file is garbled") from None


def digest(data: bytes) -> bytes:
    """SHA3-512."""
    state = Hash(SHA3_512())
    state.update(data)
    return state.finalize()


class _Reader:
    """Takes the entries off the bytes; what is too short raises `struct.error` or `IndexError`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def contents(self, head: Head) -> Contents:
        generation, count = self._unpack(_COUNTS)
        entries = dict(self._entry() for _ in range(count))
        if self._at != len(self._data) or len(entries) != count or list(entries) != sorted(entries):
            raise IndexError
        return Contents(head, generation, entries)

    def _entry(self) -> tuple[str, Sealed]:
        name = self._take(self._take(1)[0]).decode()
        written, kem_ciphertext, x_public, nonce, length = self._unpack(_ENTRY)
        if not TAG_BYTES <= length <= LARGEST_SECRET_BYTES + TAG_BYTES:
            raise IndexError
        return name, Sealed(written, kem_ciphertext, x_public, nonce, self._take(length))

    def _unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        return layout.unpack(self._take(layout.size))

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise IndexError
        self._at += length
        return taken


def _head(data: bytes) -> Head:
    _, _, vault_id, memory_kib, iterations, lanes, salt, kem, x25519, signing = _BOUND.unpack_from(data)
    nonce, wrapped = _WRAPPED.unpack_from(data, _BOUND.size)
    return Head(vault_id, Derivation(memory_kib, iterations, lanes), salt, kem, x25519, signing, nonce, wrapped)


def _public(keys: PrivateKeys) -> tuple[bytes, bytes, bytes]:
    return (
        keys.kem.public_key().public_bytes_raw(),
        keys.x25519.public_key().public_bytes_raw(),
        keys.signing.public_key().public_bytes_raw(),
    )


def _passphrase_key(passphrase: bytearray, head: Head) -> bytearray:
    cost, key = head.derivation, bytearray(32)
    Argon2id(
        salt=head.salt, length=len(key), iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib
    ).derive_into(passphrase, key)  # type: ignore[arg-type]  # it takes any buffer; its types say less
    return key


def _entry_key(head: Head, shared_kem: bytes, shared_x: bytes, kem_ciphertext: bytes, x_public: bytes) -> bytearray:
    """Both shared secrets go in: breaking one scheme is not enough. Everything public does too: none can be swapped."""
    key = bytearray(32)
    salt = digest(kem_ciphertext + x_public + head.kem_public + head.x_public)
    HKDF(SHA3_512(), len(key), salt, _SEAL + head.vault_id).derive_into(shared_kem + shared_x, key)
    return key


def _entry_bound(head: Head, name: str, written: int) -> bytes:
    return _SEAL + head.vault_id + written.to_bytes(8) + name.encode()
