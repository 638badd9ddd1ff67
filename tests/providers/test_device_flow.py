"""The device flow's requests and answers, without a socket: what is sent, what comes next, what is never believed."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.errors import Authentication, ProviderError, RateLimit, ServerError, UnknownProviderError
from dragoman.providers import device_flow
from dragoman.providers.device_flow import Client, DeviceCode, Pending, SavedLogin, login_server, saved_login

CLIENT = Client("Iv1.abc", "https://github.com", "read:user")
CODE = DeviceCode("device", "USER-CODE", "https://github.com/login/device", 900, 5)
GIVEN = {
    "device_code": "device",
    "user_code": "USER-CODE",
    "verification_uri": "https://github.com/login/device",
    "expires_in": 900,
    "interval": 5,
}
NOW = 1_700_000_000.0


def fields(call):
    """A call's form."""
    return dict(parse_qsl(call.body.decode()))


def code_of(status=200, **changes):
    """What is read in an answer to the request for a code."""
    value = {name: value for name, value in (GIVEN | changes).items() if value is not None}
    return device_flow.device_code(status, {}, json.dumps(value).encode())


def polled(status=200, **value):
    """What is read in an answer to a poll."""
    return device_flow.polled(CLIENT, status, {}, json.dumps(value).encode(), NOW)


class TestRequests:
    def test_for_a_code(self):
        """Client and scope go out as a form; JSON is asked for. No secret is needed."""
        call = device_flow.code_call(CLIENT)
        assert (call.method, call.url) == ("POST", "https://github.com/login/device/code")
        assert fields(call) == {"client_id": "Iv1.abc", "scope": "read:user"}
        assert dict(call.headers)["accept"] == "application/json"

    def test_without_a_scope(self):
        """An app whose rights are fixed is not asked for any."""
        assert fields(device_flow.code_call(Client("Iv1.abc"))) == {"client_id": "Iv1.abc"}

    def test_for_the_token(self):
        """The device code and the RFC's own grant type go out."""
        call = device_flow.poll_call(CLIENT, CODE)
        assert call.url == "https://github.com/login/oauth/access_token"
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        assert fields(call) == {"client_id": "Iv1.abc", "device_code": "device", "grant_type": grant}

    def test_for_a_renewal(self):
        """It goes to the server that gave the login, with its own client."""
        login = SavedLogin("old", Client("other", "https://ghe.example"), "refresh", NOW)
        call = device_flow.refresh_call(login)
        assert call.url == "https://ghe.example/login/oauth/access_token"
        assert fields(call) == {"client_id": "other", "grant_type": "refresh_token", "refresh_token": "refresh"}

    @pytest.mark.parametrize(
        ("api", "server"),
        [
            (None, "https://github.com"),
            ("https://api.github.com", "https://github.com"),
            ("https://api.octocorp.ghe.com", "https://octocorp.ghe.com"),
            ("https://ghe.example/api/v3", "https://ghe.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ],
    )
    def test_where_people_log_in(self, api, server):
        """GitHub's page, or that of the Enterprise whose API is set."""
        assert login_server(api) == server


class TestCode:
    def test_it_is_read(self):
        """Code, page, life and interval."""
        assert code_of() == CODE
        direct = code_of(verification_uri_complete="https://github.com/login/device?user_code=USER-CODE")
        assert direct.direct_page.endswith("USER-CODE")

    @pytest.mark.parametrize("interval", [None, 0, -1, "x", True, 1e300, [5]])
    def test_an_interval_that_is_none(self, interval):
        """Without a sound interval it is the RFC's five seconds."""
        assert code_of(interval=interval).interval == 5

    def test_a_life_without_end(self):
        """Nobody polls for more than an hour, whatever is answered."""
        assert code_of(expires_in=1_000_000).seconds == 3600

    @pytest.mark.parametrize(
        "page",
        [
            None,
            7,
            "",
            "github.com/login",
            "http://github.com/login/device",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://github.com/\nlogin",
            "https://[x",
        ],
    )
    def test_a_page_that_nobody_is_sent_to(self, page):
        """Only an encrypted page, or one on this machine, comes before the person."""
        with pytest.raises(ProviderError):
            code_of(verification_uri=page)
        assert code_of(verification_uri_complete=page).direct_page == ""

    @pytest.mark.parametrize("missing", ["device_code", "user_code"])
    def test_half_a_code(self, missing):
        """An answer without one of the codes is none."""
        with pytest.raises(UnknownProviderError, match="can't be read"):
            code_of(**{missing: None})


class TestPolled:
    @pytest.mark.parametrize("status", [200, 400])
    def test_what_comes_next(self, status):
        """The body decides, whatever the status: GitHub says 200 where the RFC says 400."""
        assert polled(status, error="authorization_pending") == Pending()
        assert polled(status, error="slow_down", interval=10) == Pending(slower=True)
        with pytest.raises(Authentication, match="denied"):
            polled(status, error="access_denied")
        with pytest.raises(Authentication, match="ran out"):
            polled(status, error="expired_token")
        with pytest.raises(Authentication, match="the login is refused: The client is unknown"):
            polled(status, error="incorrect_client_credentials", error_description="The client is unknown.")

    def test_a_token(self):
        """One that ends has an end in Unix seconds and what renews it; one that does not has neither."""
        assert polled(access_token="gho", token_type="bearer") == SavedLogin("gho", CLIENT)
        login = polled(access_token="ghu", expires_in=28800, refresh_token="ghr")
        assert login == SavedLogin("ghu", CLIENT, "ghr", NOW + 28800)

    @pytest.mark.parametrize(
        ("status", "body", "error"),
        [
            (200, b"<html>", UnknownProviderError),
            (200, b"{}", UnknownProviderError),
            (200, b'{"access_token": 7}', UnknownProviderError),
            (200, b'{"access_token": ""}', UnknownProviderError),
            (200, b"[" * 100_000, UnknownProviderError),
            (500, b"", ServerError),
            (503, b'{"access_token": "gho"}', ServerError),
            (429, b"", RateLimit),
        ],
    )
    def test_an_answer_that_is_none(self, status, body, error):
        """It is a fault, which may pass: never a token, and never the end of the login."""
        with pytest.raises(error) as failed:
            device_flow.polled(CLIENT, status, {}, body, NOW)
        assert not isinstance(failed.value, Authentication)


class TestSaved:
    LOGIN = SavedLogin("ghu_token", Client("Iv1.abc", "https://ghe.example"), "ghr_token", NOW)

    def test_it_is_read_back(self):
        """What was written is read again; it is one line that a header could hold."""
        text = self.LOGIN.text()
        assert saved_login(text) == self.LOGIN
        assert text.isprintable()
        assert " " not in text

    @pytest.mark.parametrize("text", ["", "sk-ant", "{", "{}", '{"access_token":"x"}', "[1]", '{"a":' * 10_000])
    def test_a_plain_key_is_none(self, text):
        """A key, and whatever else is no login, is taken for a key."""
        assert saved_login(text) is None

    def test_a_renewal_without_a_new_refresh_token(self):
        """The old one stays in force (RFC 6749, 6)."""
        renewed = device_flow.refreshed(self.LOGIN, 200, {}, b'{"access_token":"new","expires_in":60}', NOW)
        assert renewed == SavedLogin("new", self.LOGIN.client, "ghr_token", NOW + 60)

    @pytest.mark.parametrize("status", [200, 400])
    def test_a_renewal_that_is_refused(self, status):
        """A refresh token that is no longer good ends the login."""
        with pytest.raises(Authentication, match="bad_refresh_token"):
            device_flow.refreshed(self.LOGIN, status, {}, b'{"error":"bad_refresh_token"}', NOW)

    def test_nothing_of_it_is_shown(self):
        """Neither login nor code shows its secrets."""
        shown = repr((self.LOGIN, CODE))
        assert not any(secret in shown for secret in ("ghu_token", "ghr_token", "'device'"))


@settings(max_examples=60)
@given(
    st.integers(100, 599),
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: st.dictionaries(
            st.sampled_from(["error", "access_token", "expires_in", "refresh_token", "interval", *GIVEN]),
            inner,
            max_size=5,
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_whatever_is_answered(status, body):
    """Any answer at all is a step or a `ProviderError`."""
    for read in (
        lambda: device_flow.device_code(status, {}, body),
        lambda: device_flow.polled(CLIENT, status, {}, body, NOW),
        lambda: device_flow.refreshed(TestSaved.LOGIN, status, {}, body, NOW),
    ):
        try:
            outcome = read()
        except ProviderError as error:
            outcome = str(error)
        assert isinstance(outcome, DeviceCode | Pending | SavedLogin) or "\n" not in outcome
