"""Google Cloud's login for Vertex AI: a credentials file becomes an access token. Opens no socket, reads no file.

Sources: "Using OAuth 2.0 for Server to Server Applications" (a JWT signed with the service account's key, RFC 7523),
and "Refreshing an access token" for the file that `gcloud auth application-default login` writes.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dragoman.core.errors import Authentication
from dragoman.providers.tokens import bearer_grant, form_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.providers.base import Call, Grant

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, no secret
_LIFE_SECONDS = 3600
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class CredentialsFile:
    """The credential is the text of the JSON file. `Exchange`."""

    __slots__ = ()

    def grant_call(self, credential: str, now: float) -> Call:
        """See `Exchange`. Raises `Authentication` for a text that is no such file. Signing takes milliseconds."""
        account = _account(credential)
        if account["type"] == "authorized_user":
            return form_call(
                TOKEN_URL,
                grant_type="refresh_token",
                client_id=account["client_id"],
                client_secret=account["client_secret"],
                refresh_token=account["refresh_token"],
            )
        url = account.get("token_uri", TOKEN_URL)
        return form_call(
            url,
            grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
            assertion=_signed(account, url, int(now)),
        )

    def grant(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Grant:
        """See `Exchange`."""
        return bearer_grant(status, headers, body, now)


def _account(credential: str) -> dict[str, str]:
    """The file's members that count, all of them texts. The token's address is one to which a proof may be sent."""
    try:
        value = json.loads(credential)
    except (ValueError, RecursionError):
        value = None
    needed = {
        "service_account": ("client_email", "private_key"),
        "authorized_user": ("client_id", "client_secret", "refresh_token"),
    }
    kind = value.get("type") if isinstance(value, dict) else None
    members = needed.get(kind) if isinstance(kind, str) else None
    if members is None or not all(isinstance(value.get(name), str) and value[name] for name in members):
        raise Authentication("the credentials are no service account's JSON file")
    account = {name: text for name, text in value.items() if isinstance(text, str)}
    address = urlsplit(account.get("token_uri", TOKEN_URL))
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        raise Authentication("the credentials' token_uri is no https address")
    return account


def _signed(account: Mapping[str, str], audience: str, now: int) -> str:
    """The JSON Web Token (RFC 7519) that proves the account, good for an hour."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow to import and seldom needed
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    header = {"alg": "RS256", "typ": "JWT", "kid": account.get("private_key_id")}
    claims = {
        "iss": account["client_email"],
        "scope": SCOPE,
        "aud": audience,
        "iat": now,
        "exp": now + _LIFE_SECONDS,
    }
    signed = f"{_segment(header)}.{_segment(claims)}"
    try:
        key = load_pem_private_key(account["private_key"].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Authentication("the credentials' private_key is no RSA key in PEM")
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_base64url(signature)}"


def _segment(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps({k: v for k, v in value.items() if v is not None}, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
