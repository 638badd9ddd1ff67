"""Entra ID: how an app, an Azure machine or the `az` command gets a token for Azure OpenAI. Opens no socket.

Sources: Microsoft identity platform, "client credentials flow"; "How to use managed identities" for virtual machines
(IMDS), App Service (REST endpoint) and Azure Arc (challenge); `az account get-access-token`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from dragoman.core.errors import Authentication
from dragoman.providers.base import Call, Grant
from dragoman.providers.tokens import bearer_grant, form_call

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORITY = "https://login.microsoftonline.com"
RESOURCE = "https://cognitiveservices.azure.com"
"""What the token is for: Azure OpenAI."""

_IMDS = "http://169.254.169.254/metadata/identity/oauth2/token"
_ARC_KEY = re.compile(r'realm="?([^"\s]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """An app's own login. The credential is its secret."""

    tenant: str
    client_id: str
    authority: str = AUTHORITY

    def grant_call(self, credential: str, now: float) -> Call:  # noqa: ARG002 - an exchange is told the time
        """See `Exchange`."""
        return form_call(
            f"{self.authority.rstrip('/')}/{quote(self.tenant, safe='')}/oauth2/v2.0/token",
            grant_type="client_credentials",
            client_id=self.client_id,
            client_secret=credential,
            scope=f"{RESOURCE}/.default",
        )

    def grant(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Grant:
        """See `Exchange`."""
        return bearer_grant(status, headers, body, now)


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of the Azure machine that this runs on.

    endpoint, header: what App Service and its kin put into the environment; without them it is IMDS. arc: Azure Arc,
    whose answer to the first call names a file (`arc_key_path`); its text is the second call's credential.
    client_id: a user-assigned identity.
    """

    client_id: str | None = None
    endpoint: str | None = None
    header: str | None = field(default=None, repr=False)
    arc: bool = False

    def grant_call(self, credential: str, now: float) -> Call:  # noqa: ARG002 - an exchange is told the time
        """See `Exchange`. The credential is "" but for Arc's second call."""
        version, headers = "2018-02-01", [("Metadata", "true")]
        if self.arc:
            version = "2020-06-01"
            headers += [("Authorization", f"Basic {credential}")] if credential else []
        elif self.endpoint:
            version, headers = "2019-08-01", [("X-IDENTITY-HEADER", self.header or "")]
        query = {"api-version": version, "resource": RESOURCE}
        if self.client_id:
            query["client_id"] = self.client_id
        return Call("GET", f"{self.endpoint or _IMDS}?{urlencode(query)}", tuple(headers))

    def grant(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> Grant:
        """See `Exchange`."""
        return bearer_grant(status, headers, body, now)


def managed_identity(client_id: str | None, environment: Mapping[str, str]) -> ManagedIdentity:
    """The kind of managed identity that this environment speaks of."""
    endpoint, header = environment.get("IDENTITY_ENDPOINT"), environment.get("IDENTITY_HEADER")
    if endpoint and header:
        return ManagedIdentity(client_id, endpoint, header)
    if endpoint and environment.get("IMDS_ENDPOINT"):
        return ManagedIdentity(client_id, endpoint, arc=True)
    return ManagedIdentity(client_id)


def arc_key_path(status: int, headers: Mapping[str, str]) -> str | None:
    """The file that Arc's challenge names, or None where the response is no challenge."""
    named = _ARC_KEY.search(headers.get("www-authenticate", ""))
    return named[1] if status == HTTPStatus.UNAUTHORIZED and named else None


def az_argv(tenant: str | None) -> tuple[str, ...]:
    """The command that prints a token of the person's own login."""
    command = ("az", "account", "get-access-token", "--output", "json", "--resource", RESOURCE)
    return (*command, "--tenant", tenant) if tenant else command


def az_grant(output: bytes, now: float) -> Grant:
    """The token that the command printed. Raises `Authentication`, without a word of the output."""
    try:
        value = json.loads(output)
        value = {"access_token": value["accessToken"], "expires_on": value.get("expires_on")}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Authentication("`az account get-access-token` printed no token: run `az login`") from None
    return bearer_grant(HTTPStatus.OK, {}, json.dumps(value).encode(), now)
