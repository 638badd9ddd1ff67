"""Two-step logins: what is sent for a grant, what is read from the answer, and what a refusal says."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from dragoman import __version__
from dragoman.core.errors import Authentication, RateLimit, ServerError, UnknownProviderError
from dragoman.providers import copilot, entra
from dragoman.providers.base import Grant
from dragoman.providers.vertex_auth import SCOPE, TOKEN_URL, CredentialsFile

NOW = 1_700_000_000.0
APP = entra.ClientSecret("contoso.onmicrosoft.com", "app-id")


def form(call):
    """The fields of a form's call."""
    return {name: values[0] for name, values in parse_qs(call.body.decode(), strict_parsing=True).items()}


def query(call):
    """The query of a call's URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(call.url).query).items()}


def answer(**members):
    """A JSON body."""
    return json.dumps(members).encode()


@pytest.fixture(scope="module")
def rsa_key():
    """A key, which takes a while to make."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    """The key as it stands in a credentials file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def account(key, **more):
    """A service account's file."""
    members = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "key-1",
        "private_key": pem(key),
        "client_email": "robot@p.iam.gserviceaccount.com",
        "token_uri": TOKEN_URL,
    }
    return json.dumps(members | more)


class TestEntra:
    """Apps, machines and the command."""

    def test_an_app_sends_its_secret_in_the_form(self):
        """The client credentials flow: tenant in the path, everything else in the body, nothing secret in the URL."""
        call = APP.grant_call("s3cret/+ü", NOW)
        assert (call.method, call.url) == (
            "POST",
            "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
        )
        assert dict(call.headers)["content-type"] == "application/x-www-form-urlencoded"
        assert form(call) == {
            "grant_type": "client_credentials",
            "client_id": "app-id",
            "client_secret": "s3cret/+ü",
            "scope": "https://cognitiveservices.azure.com/.default",
        }
        assert "s3cret" not in repr(call)

    def test_another_cloud_has_another_authority(self):
        """The authority is the setting's, with or without a slash, and a tenant can't leave its place in the path."""
        call = entra.ClientSecret("a/../b", "x", "https://login.microsoftonline.us/").grant_call("s", NOW)
        assert call.url == "https://login.microsoftonline.us/a%2F..%2Fb/oauth2/v2.0/token"

    def test_a_token_lasts_as_long_as_it_says(self):
        """`expires_in` counts from now, `expires_on` is the time itself, and either may be text."""
        for told, end in (
            ({"expires_in": 3599}, NOW + 3599),
            ({"expires_in": "60", "expires_on": "1700000900"}, 1.7e9 + 900),
        ):
            body = answer(token_type="Bearer", access_token="tok", **told)
            assert APP.grant(200, {}, body, NOW) == Grant("tok", end)
        assert NOW < APP.grant(200, {}, answer(access_token="tok"), NOW).expires_at <= NOW + 300

    def test_a_wrong_secret_is_an_authentication_error_in_its_own_words(self):
        """The description's sentence is shown, without the numbers that follow it."""
        words = "AADSTS7000215: Invalid client secret provided. Trace ID: 11-22\r\nCorrelation ID: 33"
        with pytest.raises(Authentication, match="AADSTS7000215: Invalid client secret provided") as refused:
            APP.grant(401, {}, answer(error="invalid_client", error_description=words), NOW)
        assert "Trace" not in str(refused.value)
        assert "33" not in str(refused.value)

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(429, RateLimit), (500, ServerError), (503, ServerError), (401, Authentication), (403, Authentication)],
    )
    def test_other_failures_are_what_their_status_says(self, status, kind):
        """A login that is busy, broken or refusing is told apart, with its Retry-After."""
        with pytest.raises(kind) as failed:
            APP.grant(status, {"retry-after": "7"}, b"", NOW)
        assert failed.value.retry_after == (7 if kind in (RateLimit, ServerError) else None)

    @pytest.mark.parametrize(
        "body", [b"", b"<html>login</html>", b"[]", b'{"access_token": 5}', b'{"access_token": ""}']
    )
    def test_what_holds_no_token_is_said_to_hold_none(self, body):
        """A 200 that is something else is no grant."""
        with pytest.raises(UnknownProviderError, match="no token"):
            APP.grant(200, {}, body, NOW)

    def test_a_virtual_machine_asks_its_metadata_service(self):
        """IMDS: a GET with the Metadata header, and the identity that is meant."""
        call = entra.managed_identity("user-assigned", {}).grant_call("", NOW)
        assert call.url.startswith("http://169.254.169.254/metadata/identity/oauth2/token?")
        assert query(call) == {
            "api-version": "2018-02-01",
            "resource": "https://cognitiveservices.azure.com",
            "client_id": "user-assigned",
        }
        assert dict(call.headers) == {"Metadata": "true"}

    def test_app_service_has_an_endpoint_and_a_header(self):
        """Both come from the environment; the header's value is a secret."""
        environment = {"IDENTITY_ENDPOINT": "http://127.0.0.1:41/msi/token", "IDENTITY_HEADER": "hush"}
        identity = entra.managed_identity(None, environment)
        call = identity.grant_call("", NOW)
        assert call.url.startswith("http://127.0.0.1:41/msi/token?")
        assert query(call) == {"api-version": "2019-08-01", "resource": "https://cognitiveservices.azure.com"}
        assert dict(call.headers) == {"X-IDENTITY-HEADER": "hush"}
        assert "hush" not in repr(identity)

    def test_arc_names_a_file_and_wants_its_text(self):
        """The first answer's challenge has the path, the second call its content."""
        environment = {
            "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity/oauth2/token",
            "IMDS_ENDPOINT": "x",
        }
        identity = entra.managed_identity(None, environment)
        assert dict(identity.grant_call("", NOW).headers) == {"Metadata": "true"}
        challenge = {"www-authenticate": "Basic realm=/var/opt/azcmagent/tokens/a.key"}
        assert entra.arc_key_path(401, challenge) == "/var/opt/azcmagent/tokens/a.key"
        assert entra.arc_key_path(200, challenge) is None
        assert entra.arc_key_path(401, {}) is None
        assert dict(identity.grant_call("text", NOW).headers)["Authorization"] == "Basic text"

    def test_the_command_is_an_argv(self):
        """`az` is called with the resource and the tenant, if there is one."""
        assert entra.az_argv(None)[:3] == ("az", "account", "get-access-token")
        assert entra.az_argv("t; rm -rf /")[-2:] == ("--tenant", "t; rm -rf /")

    def test_the_commands_output_is_a_grant(self):
        """Newer versions say when it ends in Unix seconds; older ones in local time, which is not believed."""
        newer = b'{"accessToken": "tok", "expires_on": 1700003000, "expiresOn": "2023-11-14 23:03:20.000000"}'
        assert entra.az_grant(newer, NOW) == Grant("tok", 1_700_003_000)
        assert entra.az_grant(b'{"accessToken": "tok", "expiresOn": "2023"}', NOW).expires_at == NOW + 300

    @pytest.mark.parametrize("output", [b"", b"[]", b"null", b'{"token": "secret"}', b"secret"])
    def test_other_output_leads_to_the_login(self, output):
        """What is no token is not repeated."""
        with pytest.raises(Authentication, match="az login") as refused:
            entra.az_grant(output, NOW)
        assert "secret" not in str(refused.value)


class TestVertex:
    """Google's credentials files."""

    def test_a_service_account_proves_itself_by_a_signed_token(self, rsa_key):
        """The assertion is a JWT of the account, for the token's address, good for an hour, that its key verifies."""
        call = CredentialsFile().grant_call(account(rsa_key), NOW)
        assert (call.method, call.url) == ("POST", TOKEN_URL)
        fields = form(call)
        assert fields["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        head, claims, signature = fields["assertion"].split(".")
        plain = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
        assert plain[0] == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}
        assert plain[1] == {
            "iss": "robot@p.iam.gserviceaccount.com",
            "scope": SCOPE,
            "aud": TOKEN_URL,
            "iat": int(NOW),
            "exp": int(NOW) + 3600,
        }
        rsa_key.public_key().verify(
            base64.urlsafe_b64decode(signature + "=="), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )

    def test_a_persons_own_login_is_refreshed(self):
        """The file that gcloud writes holds a refresh token."""
        file = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
        call = CredentialsFile().grant_call(json.dumps(file), NOW)
        assert call.url == TOKEN_URL
        assert form(call) == {
            "grant_type": "refresh_token",
            "client_id": "i",
            "client_secret": "s",
            "refresh_token": "r",
        }

    def test_the_answer_is_a_grant(self):
        """Google says `expires_in`."""
        body = answer(access_token="ya29.x", expires_in=3599, token_type="Bearer")
        assert CredentialsFile().grant(200, {}, body, NOW) == Grant("ya29.x", NOW + 3599)

    def test_a_refusal_is_shown_in_its_own_words(self):
        """A deleted account's error is an authentication error."""
        body = answer(error="invalid_grant", error_description="Invalid grant: account not found")
        with pytest.raises(Authentication, match="Invalid grant: account not found"):
            CredentialsFile().grant(400, {}, body, NOW)

    @pytest.mark.parametrize(
        "text",
        ["", "no json", "[]", "{}", '{"type": "external_account"}', '{"type": []}', '{"type": "service_account"}'],
    )
    def test_what_is_no_credentials_file_is_said_to_be_none(self, text):
        """Anything else is refused without being repeated."""
        with pytest.raises(Authentication, match="no service account's JSON file"):
            CredentialsFile().grant_call(text, NOW)

    def test_a_key_that_cannot_sign_is_named(self, rsa_key):
        """Nonsense, or a key of another kind, is told, without a word of it."""
        curve = pem(ec.generate_private_key(ec.SECP256R1()))
        for key in ("-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----", curve):
            with pytest.raises(Authentication, match="no RSA key") as refused:
                CredentialsFile().grant_call(account(rsa_key, private_key=key), NOW)
            assert "SECRET" not in str(refused.value)

    def test_a_proof_goes_only_to_an_encrypted_address(self, rsa_key):
        """A token_uri without TLS is refused, but for this machine's own."""
        with pytest.raises(Authentication, match="https"):
            CredentialsFile().grant_call(account(rsa_key, token_uri="http://evil.example/token"), NOW)
        assert (
            CredentialsFile().grant_call(account(rsa_key, token_uri="http://127.0.0.1:9/t"), NOW).url.endswith(":9/t")
        )


class TestCopilot:
    """GitHub's token for Copilot's."""

    def test_it_says_who_it_is(self):
        """The GitHub token goes to GitHub alone, and Dragoman gives itself out for nobody else."""
        call = copilot.GitHubToken().grant_call("gho_x", NOW)
        assert call.url == "https://api.github.com/copilot_internal/v2/token"
        headers = dict(call.headers)
        assert headers["Authorization"] == "token gho_x"
        assert headers["Editor-Version"] == f"Dragoman/{__version__}"
        assert copilot.INTEGRATION_HEADER not in headers

    def test_the_grant_has_its_end_and_its_address(self):
        """Copilot's answer names the address of the person's plan."""
        body = answer(
            token="tid=1;exp=2", expires_at=1700001800, endpoints={"api": "https://api.individual.githubcopilot.com/"}
        )
        expected = Grant("tid=1;exp=2", 1_700_001_800, "https://api.individual.githubcopilot.com")
        assert copilot.GitHubToken().grant(200, {}, body, NOW) == expected

    @pytest.mark.parametrize("endpoints", [None, {}, {"api": 5}, {"api": "http://evil.example"}, {"api": "ftp://x"}])
    def test_an_address_without_encryption_is_not_taken(self, endpoints):
        """The token stays usable at the usual address."""
        body = answer(token="t", expires_at=1700001800, endpoints=endpoints)
        assert copilot.GitHubToken().grant(200, {}, body, NOW).base_url is None

    @pytest.mark.parametrize("status", [403, 404])
    def test_an_account_without_copilot_is_told(self, status):
        """GitHub hides what an account has no right to."""
        with pytest.raises(Authentication, match="no Copilot"):
            copilot.GitHubToken().grant(status, {}, b"{}", NOW)

    def test_other_refusals_say_why(self):
        """A revoked token, a fault and nonsense are told apart."""
        with pytest.raises(Authentication, match="Bad credentials"):
            copilot.GitHubToken().grant(401, {}, answer(message="Bad credentials"), NOW)
        with pytest.raises(ServerError):
            copilot.GitHubToken().grant(502, {}, b"<html>", NOW)
        with pytest.raises(UnknownProviderError):
            copilot.GitHubToken().grant(200, {}, answer(token="t"), NOW)
