"""Those who give out short-lived tokens."""

from __future__ import annotations

import base64
import json

import pytest

from dragoman.simulator import Fault, Reply, Simulator
from dragoman.simulator.grants import TOKEN

ENTRA = "/tenant/oauth2/v2.0/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "app",
    "client_secret": "s",
    "scope": "https://cognitiveservices.azure.com/.default",
}


def jwt(**changes):
    """A token of Google's kind whose signature is none."""
    claims = {"iss": "a@b", "scope": "s", "aud": "https://a.invalid", "iat": 0, "exp": 3600, **changes}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "c2ln"]
    )


async def test_entra_gives_a_token_for_a_secret(client):
    """The client-credentials grant ends in a bearer token that lives an hour."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        granted = (await http.post(ENTRA, data=FORM)).json()
    assert (granted["access_token"], granted["expires_in"], granted["token_type"]) == (TOKEN, 3600, "Bearer")


@pytest.mark.parametrize("name", FORM)
async def test_entra_wants_every_field(client, name):
    """A form without one of its fields is refused with one of Entra's own codes."""
    form = {key: value for key, value in FORM.items() if key != name}
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        refused = await http.post(ENTRA, data=form)
        broken = await http.post(ENTRA, content=b"no form")
    assert (refused.status_code, broken.status_code) == (400, 400)
    assert refused.json()["error_description"].startswith("AADSTS")


async def test_a_managed_identity_is_asked_with_its_header(client):
    """IMDS gives a token to who sends its header, its version and a resource; its numbers are strings."""
    path = "/metadata/identity/oauth2/token"
    query = {"api-version": "2018-02-01", "resource": "https://cognitiveservices.azure.com"}
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        granted = await http.get(path, params=query, headers={"Metadata": "true"})
        bare = await http.get(path, params=query)
        resourceless = await http.get(path, params={"api-version": "1"}, headers={"X-IDENTITY-HEADER": "h"})
    assert (granted.json()["access_token"], granted.json()["expires_in"]) == (TOKEN, "3600")
    assert (bare.status_code, resourceless.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        (jwt(), None),
        ("no token", "RS256"),
        (jwt(exp=7200), "short-lived"),
        (jwt(exp="later"), "numbers"),
        (jwt().rpartition(".")[0] + ".", "RS256"),
    ],
    ids=["right", "no-token", "too-long", "no-number", "unsigned"],
)
async def test_google_judges_the_token_that_is_signed_here(client, assertion, reason):
    """The JWT-bearer grant wants a short-lived token with all its claims."""
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        answered = await http.post("/token", data=form)
    assert answered.status_code == (400 if reason else 200)
    assert (reason or TOKEN) in answered.text


async def test_copilots_token_says_where_to_use_it(client):
    """GitHub's token becomes a Copilot token, with the address of the API."""
    path = "/copilot_internal/v2/token"
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        granted = (await http.get(path, headers={"authorization": "token x"})).json()
        bare = await http.get(path)
    assert (granted["token"], granted["endpoints"]["api"]) == (TOKEN, simulator.url)
    assert bare.status_code == 400


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.UNAUTHORIZED, ("invalid_client", "invalid_grant", "Bad credentials")),
        (Fault.SERVER_ERROR, ("temporarily_unavailable", "backend_error", "Server Error")),
    ],
)
async def test_a_token_can_be_refused(client, fault, said):
    """Each of them refuses in its own words."""
    google = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt()}
    async with Simulator(Reply(), list_fault=fault) as simulator, client(simulator) as http:
        answers = [
            await http.post(ENTRA, data=FORM),
            await http.post("/token", data=google),
            await http.get("/copilot_internal/v2/token", headers={"authorization": "token x"}),
        ]
    assert [words in answer.text for words, answer in zip(said, answers, strict=True)] == [True] * 3
    assert simulator.completions == []
