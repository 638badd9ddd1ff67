"""What a person can get wrong about a provider: each ends in one line that names what to change."""

from __future__ import annotations

import gzip
import json

import pytest

from dragoman.core.chat import TextDelta
from dragoman.core.errors import DragomanError
from wire.certificates import server_context, tls_files
from wire.raw import END, EVENT, STREAM, engine_at, events_of, response, serving

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in to Corp WiFi</title></head></html>"
KEY = "sk-not-a-real-key-0123456789abcdef"


def error_body(message, code):
    """An error in OpenAI's shape."""
    return json.dumps({"error": {"message": message, "code": code}}).encode()


async def complaint(base_url, **more):
    """The one line that the person reads."""
    async with engine_at(base_url, **more) as engine:
        with pytest.raises(DragomanError) as failed:
            await events_of(engine)
    line = str(failed.value)
    assert "\n" not in line
    assert KEY not in line
    return line


ANSWERS = {
    "a wrong key": (
        response("401 Unauthorized", error_body(f"Incorrect API key provided: {KEY}", "invalid_api_key")),
        "name the key's place in providers.mine.api_key",
    ),
    "a wrong model": (
        response("404 Not Found", error_body("The model `some-model` does not exist", "model_not_found")),
        "name another in providers.mine.model",
    ),
    "an address that is a web site": (
        response("200 OK", LOGIN_PAGE.replace(b"Sign in to Corp WiFi", b"Welcome"), Content_Type="text/html"),
        "check its base_url",
    ),
    "a login page": (response("403 Forbidden", LOGIN_PAGE, Content_Type="text/html"), "providers.mine.api_key"),
    "a captive portal": (
        response("200 OK", LOGIN_PAGE, Content_Type="text/html; charset=utf-8"),
        "whether the network asks for a login",
    ),
    "a portal that redirects": (
        response("302 Found", Location="http://portal.example/login?u=1"),
        "redirects to http://portal.example, which is not followed: check its base_url",
    ),
    "a redirect to another path": (response("308 Permanent Redirect", Location="/v2/"), "check its base_url"),
    "a path that is not there": (response("404 Not Found", b"404 page not found"), "check its base_url"),
    "another API's answer": (response("200 OK", b'{"hello": "world"}', Content_Type="application/json"), "base_url"),
    "an empty answer": (response("200 OK"), "closed the connection without an answer"),
    "a gzip bomb": (
        response("200 OK", gzip.compress(bytes(30_000_000)), Content_Encoding="gzip"),
        "compression hides too much: check base_url",
    ),
    "a gzip bomb as an error": (
        response("500 Broken", gzip.compress(bytes(30_000_000)), Content_Encoding="gzip"),
        "mine (some-model): ",
    ),
    "an unknown compression": (response("200 OK", b"xx", Content_Encoding="br"), "not asked for: check base_url"),
    "an endless line": ([STREAM, *([b"x" * 1_000_000] * 10)], "check its base_url"),
    "no HTTP at all": (b"220 smtp.example ESMTP\r\n", "closed the connection without an answer"),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_what_a_server_answers(what):
    """Whatever answers at the address, the person reads in one line what to change, and no key."""
    answer, advice = ANSWERS[what]
    async with serving(answer) as server:
        line = await complaint(f"{server.url}/v1")
    assert advice in line
    assert line.removeprefix("no provider could answer: ").startswith("mine (some-model): ")


async def test_a_redirect_gets_no_key():
    """Neither the key nor the question goes on to where a server points."""
    async with serving(STREAM + EVENT + END) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        async with serving(response("307 Temporary Redirect", Location=f"{there}/v1/chat/completions")) as server:
            provider = {"api_key": "env:MINE"}
            line = await complaint(f"{server.url}/v1", provider=provider, environment={"MINE": KEY})
        assert not other.heads
    assert f"redirects to {there.rpartition(':')[0]}" in line
    assert KEY.encode() in server.heads[0]


async def test_a_self_signed_certificate(tmp_path):
    """An untrusted certificate names the setting for one's own authority."""
    _, certificate, key = tls_files(tmp_path, self_signed=True)
    async with serving(STREAM + EVENT + END, tls=server_context(certificate, key)) as server:
        line = await complaint(f"{server.url}/v1")
        assert not server.heads
    assert "is not trusted (self-signed certificate)" in line
    assert "network.ca_bundle" in line


async def test_a_bundle_that_is_none(tmp_path):
    """A ca_bundle that is missing, or holds something else, is named with its path."""
    (tmp_path / "notes.txt").write_text("no certificate")
    for name in ("missing.pem", "notes.txt"):
        path = tmp_path / name
        line = await complaint("https://127.0.0.1:9/v1", network={"ca_bundle": str(path)})
        assert f"network.ca_bundle: {path} can't be read as certificates in PEM" in line


async def test_a_proxy_that_does_not_answer():
    """An unreachable proxy is named as what to check, not the provider."""
    line = await complaint("http://api.example.com/v1", network={"proxy": "http://127.0.0.1:9"})
    assert "network.proxy" in line


@pytest.mark.parametrize("value", [f"{KEY}\n", f"{KEY}\r\n", f"Bearer {KEY}", f"{KEY}\nx-evil: 1"])
async def test_a_key_with_a_newline_or_a_space(value):
    """A key that can't be one is not sent, and the variable to set again is named."""
    async with serving(STREAM + EVENT + END) as server:
        line = await complaint(f"{server.url}/v1", provider={"api_key": "env:MINE"}, environment={"MINE": value})
        assert not server.heads
    assert "environment variable MINE holds a space or a line break, which no key does: set it again" in line


async def text_at(base_url, **more):
    """The answer's text."""
    async with engine_at(base_url, **more) as engine:
        return "".join(event.text for event in await events_of(engine) if isinstance(event, TextDelta))


WELL = {
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENT + END,
    "a wrong content type": STREAM.replace(b"text/event-stream", b"text/html") + EVENT + END,
    "no content type": b"HTTP/1.1 200 OK\r\n\r\n" + EVENT + END,
    "compression that nobody asked for": STREAM.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection")
    + gzip.compress(EVENT + END),
}


@pytest.mark.parametrize("what", WELL)
async def test_what_is_odd_and_yet_an_answer(what):
    """Old or sloppy servers that answer well are understood."""
    async with serving(WELL[what]) as server:
        assert await text_at(f"{server.url}/v1") == "fine"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/team/llm/v1", "/team/llm/v1//", "/v1/chat/completions"])
async def test_any_way_to_write_the_address(path):
    """With a path or none, with slashes or without, the request reaches the one path that is meant."""
    async with serving(STREAM + EVENT + END) as server:
        assert await text_at(server.url + path) == "fine"
    prefix = "/team/llm" if "team" in path else ""
    assert server.heads[0].startswith(f"POST {prefix}/v1/chat/completions HTTP/1.1\r\n".encode())


async def test_an_ipv6_address():
    """`http://[::1]:PORT/v1` is an address like any other."""
    async with serving(STREAM + EVENT + END, host="::1") as server:
        assert await text_at(f"{server.url}/v1") == "fine"


async def test_ones_own_authority(tmp_path):
    """With network.ca_bundle a server of one's own authority is trusted."""
    authority, certificate, key = tls_files(tmp_path)
    async with serving(STREAM + EVENT + END, tls=server_context(certificate, key)) as server:
        assert await text_at(f"{server.url}/v1", network={"ca_bundle": str(authority)}) == "fine"
        assert "is not trusted" in await complaint(f"{server.url}/v1")
