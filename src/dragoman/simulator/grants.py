"""Those who give out short-lived tokens: Entra ID, a managed identity, Google, GitHub for Copilot.

Every token is the same one; what is judged is the request for it.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dragoman.simulator.frames import STATUS, Cause, Frames, Refusal, encode, whole_as_frames
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from dragoman.simulator.script import Call, Reply

TOKEN = "scripted-token"  # noqa: S105 - it opens nothing
LIFETIME = 3600
"""Seconds; Copilot's tokens live half as long."""

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_WRONG_CREDENTIAL = frozenset({Fault.UNAUTHORIZED, Fault.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class _Issuer:
    """One who gives out tokens. token: the answer. judge: what is wrong with the call. error: the body of a refusal."""

    token: Callable[[Call], dict[str, object]]
    judge: Callable[[Call], str | None]
    error: Callable[[Cause], dict[str, object]]

    def streams(self, call: Call) -> bool:  # noqa: ARG002 - a token is no stream
        return False

    def objection(self, call: Call) -> str | None:
        return self.judge(call)

    def frames(self, call: Call, reply: Reply) -> Frames:
        return whole_as_frames(encode(self.token(call)), reply)

    def refusal(self, cause: Cause, call: Call) -> Refusal:  # noqa: ARG002 - a token has no model
        return Refusal(STATUS[cause.fault], encode(self.error(cause)))


def _bearer(call: Call) -> dict[str, object]:  # noqa: ARG001 - it is the same for everyone
    return {"token_type": "Bearer", "expires_in": LIFETIME, "access_token": TOKEN}


def _entra(call: Call) -> dict[str, object]:
    return {**_bearer(call), "ext_expires_in": LIFETIME}


def _judge_entra(call: Call) -> str | None:
    """The client-credentials grant, by a secret."""
    body = call.body
    if body.get("grant_type") != "client_credentials":
        return "AADSTS70003: The app requested an unsupported grant type."
    if not body.get("client_id"):
        return "AADSTS900144: The request body must contain the following parameter: 'client_id'."
    if not body.get("client_secret"):
        return (
            "AADSTS7000216: 'client_assertion' or 'client_secret' is required for the 'client_credentials' grant type."
        )
    scope = str(body.get("scope"))
    if not scope.startswith("https://") or not scope.endswith("/.default"):
        return f"AADSTS1002012: The provided value for scope {scope} is not valid."
    return None


def _entra_error(cause: Cause) -> dict[str, object]:
    wrong = cause.fault in _WRONG_CREDENTIAL
    said = cause.reason or (
        "AADSTS7000215: Invalid client secret provided." if wrong else "AADSTS90033: A transient error has occurred."
    )
    code = "invalid_client" if wrong else "invalid_request" if cause.reason else "temporarily_unavailable"
    return {"error": code, "error_description": said}


def _identity(call: Call) -> dict[str, object]:
    """A managed identity's answer: its numbers are strings."""
    resource = call.query.get("resource", "")
    expires = {"expires_in": str(LIFETIME), "expires_on": str(int(time.time()) + LIFETIME)}
    return {"access_token": TOKEN, "token_type": "Bearer", "resource": resource, **expires}


def _judge_identity(call: Call) -> str | None:
    """What IMDS and App Service want, each with a header of its own."""
    if call.headers.get("metadata", "").lower() != "true" and not call.headers.get("x-identity-header"):
        return "Required metadata header not specified"
    if not call.query.get("api-version"):
        return "Required query variable 'api-version' is missing"
    return None if call.query.get("resource") else "Required query variable 'resource' is missing"


def _identity_error(cause: Cause) -> dict[str, object]:
    said = cause.reason or "Identity not found"
    return {"error": "invalid_request", "error_description": said}


def _judge_google(call: Call) -> str | None:
    """A refresh token, or the JWT-bearer grant (RFC 7523); its signature is not checked: the key is not known here."""
    if call.body.get("grant_type") == "refresh_token":
        fields = ("client_id", "client_secret", "refresh_token")
        return None if all(call.body.get(name) for name in fields) else "Missing required parameter"
    if call.body.get("grant_type") != _JWT_GRANT:
        return "Invalid grant_type"
    header, _, rest = str(call.body.get("assertion", "")).partition(".")
    claims = _segment(rest.partition(".")[0])
    if _segment(header).get("alg") != "RS256" or not rest.partition(".")[2]:
        return "Invalid JWT: it must be signed with RS256"
    if missing := [name for name in ("iss", "scope", "aud", "iat", "exp") if name not in claims]:
        return f"Invalid JWT: required claims are missing: {', '.join(missing)}"
    try:
        lifetime = claims["exp"] - claims["iat"]
    except TypeError:
        return "Invalid JWT: iat and exp must be numbers"
    if not 0 < lifetime <= LIFETIME:
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    return None


def _segment(text: str) -> dict[str, Any]:
    """A JWT's segment, or nothing where it is none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _google_error(cause: Cause) -> dict[str, object]:
    if cause.fault in _WRONG_CREDENTIAL:
        return {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    return {
        "error": "invalid_grant" if cause.reason else "backend_error",
        "error_description": cause.reason or "Try again.",
    }


def _copilot(call: Call) -> dict[str, object]:
    """The token, and the place to use it: here."""
    here = f"http://{call.headers.get('host', '')}{call.prefix}"
    lifetime = LIFETIME // 2
    times = {"expires_at": int(time.time()) + lifetime, "refresh_in": lifetime - 300}
    return {"token": TOKEN, **times, "endpoints": {"api": here}, "chat_enabled": True}


def _judge_copilot(call: Call) -> str | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return None if scheme.lower() in {"token", "bearer"} and token else "Requires authentication"


def _copilot_error(cause: Cause) -> dict[str, object]:
    page = "https://docs.github.com/rest"
    if cause.fault is Fault.FORBIDDEN:
        return {
            "error_details": {
                "message": "No access to GitHub Copilot found.",
                "notification_id": "feature_flag_blocked",
            },
            "message": "Resource not accessible by integration",
        }
    said = "Bad credentials" if cause.fault is Fault.UNAUTHORIZED else "Server Error"
    return {"message": cause.reason or said, "documentation_url": page, "status": str(STATUS[cause.fault])}


ENTRA = _Issuer(_entra, _judge_entra, _entra_error)
IDENTITY = _Issuer(_identity, _judge_identity, _identity_error)
GOOGLE = _Issuer(_bearer, _judge_google, _google_error)
COPILOT = _Issuer(_copilot, _judge_copilot, _copilot_error)
