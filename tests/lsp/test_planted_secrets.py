"""Secrets are planted wherever a person may have them, everything that can be written or sent is switched on, and all
of it is searched: what the server writes into any folder, sends to the client, sends to providers, gives to children.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from contextlib import closing
from random import Random
from urllib.parse import quote

import pytest
import zstandard

from dragoman.cli.driver import ResponseError
from dragoman.simulator import Reply, Simulator
from lsp.desk import FULL, span
from lsp.process import running
from planted_secrets import ALNUM, leaks

REAL_TIME = True
ACTIONS = ("explain", "refactor", "document", "tests", "fix", "edit", "ask", "review", "review.changes", "commit")


def secret(name, start=""):
    """A secret, made up on the spot; the same for the same name."""
    return start + "".join(Random(f"planted {name}").choices(ALNUM, k=40))


KEYS = {
    "ANTHROPIC_API_KEY": secret("one", "sk-ant" + "-api03-"),
    "OPENAI_API_KEY": secret("two", "sk" + "-proj-"),
    "GROQ_API_KEY": secret("three"),
}
"""Keys of providers, of which one is right, one is wrong and one is never asked for."""

OTHERS = {
    "misplaced": secret("misplaced", "sk" + "-"),
    "proxy": secret("proxy"),
    "env file": secret("env file", "gh" + "p_")[:40],
    "ignored file": secret("ignored file", "gh" + "p_")[:40],
}
"""Secrets that no provider and no line of the protocol has any business with."""

IN_CODE = {
    place: secret(place, "gh" + "p_")[:40]
    for place in ("target", "around", "instruction", "diagnostic", "AGENTS.md", "tests", "far away")
}
IN_CODE["known by the environment"] = secret("plain")
"""Secrets in what is quoted to a model: hidden on the way there, and put back for the person."""

CODE = f"""\
FAR = "{IN_CODE["far away"]}"


def before():
    return "{IN_CODE["around"]}"


def total(items):
    login("{IN_CODE["target"]}")
    return sum(items)  # {IN_CODE["known by the environment"]}
"""
TARGET = span(7, 0, 9, 99)
SITE = """\
import os, sys
CHILDREN = os.path.join(os.environ["HOME"], "children.txt")
def heard(event, args):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn"):
        given = args[3] if event == "subprocess.Popen" else args[2]
        with open(CHILDREN, "a") as file:
            print(args[:2], dict(os.environ if given is None else given), file=file)
sys.addaudithook(heard)
import dragoman.core.reply as reply
answer = reply.answer
def breaking(text):
    if "crash now" in text:
        raise RuntimeError("it broke inside")
    return answer(text)
reply.answer = breaking
"""


def echo(call):
    """An answer that holds every placeholder of the prompt, as code or as findings."""
    names = sorted(set(re.findall(r"REDACTED_\d+_[A-Z]+", call.prompt)))
    if "JSON array" in call.system:
        found = {"file": "a.py", "line": 9, "severity": "error", "message": f"{' '.join(names)} should not be there"}
        return Reply(text=("```json\n", json.dumps([found]), "\n```\n"))
    code = "".join(f'    login("{name}")\n' for name in names)
    crash = "crash now" if "crash now" in call.prompt else ""
    return Reply(text=("```python\n", "def total(items):\n", *code, "    return sum(items)\n", "```\n", crash))


def plant(folder):
    """A project full of secrets; returns the files that are the person's own."""
    files = {
        ".gitignore": "ignored.py\n",
        ".env": f"TOKEN={OTHERS['env file']}\n",
        "ignored.py": f'TOKEN = "{OTHERS["ignored file"]}"\n',
        "AGENTS.md": f"Log in with {IN_CODE['AGENTS.md']}.\n",
        "a.py": CODE,
        "tests/test_a.py": f"def test_total():\n    assert '{IN_CODE['tests']}'\n",
        "site/sitecustomize.py": SITE,
        ".dragoman.toml": f'[providers.mistral]\napi_key = "{OTHERS["misplaced"]}"\n',
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git = ("git", "-c", "init.defaultBranch=main")
    subprocess.run((*git, "init", "-q"), cwd=folder, check=True, timeout=30)
    subprocess.run(
        (*git, "add", "--force", ".env", "ignored.py", "a.py", "AGENTS.md"), cwd=folder, check=True, timeout=30
    )
    return {folder / name for name in files}


def options(url):
    """Everything that writes or sends is on; the first provider refuses its key."""
    return {
        "routing": {"fallback_order": ["anthropic", "openai"], "prefer_local_for": [], "intents": {}},
        "providers": {
            "ollama": {"enabled": False},
            "anthropic": {"base_url": url, "model": "scripted-chat"},
            "openai": {"base_url": f"{url}/v1", "model": "scripted-chat"},
            "groq": {"enabled": False},
            "mistral": {"api_key": OTHERS["misplaced"]},
        },
        "prices": {"scripted-chat": {"input_per_million": 1, "output_per_million": 1}},
        "retry": {"max_retries": 0},
        "privacy": {"audit": "full"},
        "cache": {"enabled": True},
        "budget": {"daily_usd": 1000},
    }


def order(uri, action, **more):
    """A run about the target, with secrets in what the person and another server say."""
    diagnostic = {"range": TARGET, "message": f"unused {IN_CODE['diagnostic']}", "severity": 2}
    told = {"instruction": f"log in with {IN_CODE['instruction']}", "diagnostics": [diagnostic]}
    return {"action": action, "textDocument": {"uri": uri}, "range": TARGET, "apply": False, **told, **more}


def inline(uri, line, character):
    """A request for what belongs at the cursor."""
    position = {"line": line, "character": character}
    return {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 1}}


async def a_day(session):
    """Everything that a person does; returns the results of runs."""
    ask = session.client.request
    session.client.notify("$/setTrace", {"value": "verbose"})
    uri = session.open(CODE)
    results = [
        await ask("dragoman/run", order(uri, name, workDoneToken=f"bar {name}", partialResultToken=f"part {name}"))
        for name in (*ACTIONS, "explain")  # the second time from the cache
    ]
    results += [
        await ask("dragoman/run", order(uri, "ask", strategy=how, k=2, no_cache=True))
        for how in ("race", "parallel_merge")
    ]
    results.append(await ask("textDocument/inlineCompletion", inline(uri, 7, 17)))
    context = await ask("dragoman/context", order(uri, "tests"))
    assert {found["kind"] for found in context["hidden"]} >= {"GitHub token", "known secret"}
    assert not any(leaks(planted, json.dumps(context)) for planted in IN_CODE.values())
    for method in ("dragoman/route", "dragoman/context"):
        await ask(method, order(uri, "refactor"))
    await ask("dragoman/status")
    for refused in ({"provider": "anthropic"}, {"provider": "nobody"}, {"instruction": "crash now"}, {"range": 5}):
        with pytest.raises(ResponseError):
            await ask("dragoman/run", order(uri, "explain", no_cache=True) | refused)
    for name in (".env", "ignored.py"):
        hidden = session.open((session.folder / name).read_text(), name)
        params = {"textDocument": {"uri": hidden}, "range": span(0, 0, 0, 5), "context": {"diagnostics": []}}
        await ask("textDocument/codeAction", params)
        with pytest.raises(ResponseError):
            await ask("textDocument/inlineCompletion", inline(hidden, 0, 0))
        for order_of in (hidden, (session.folder / quote(name)).as_uri()):
            with pytest.raises(ResponseError):
                await ask("dragoman/run", order(order_of, "explain", range=span(0, 0, 0, 5)))
        assert not await ask("textDocument/codeAction", params)
    return results


def contents(path):
    """What the file holds: its bytes, and every cell of a database, unpacked where it is packed."""
    yield path.read_bytes()
    if path.suffix != ".db":
        return
    with closing(sqlite3.connect(path)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f"SELECT * FROM {table}"):
                for cell in row:
                    data = cell if isinstance(cell, bytes) else str(cell).encode()
                    yield zstandard.ZstdDecompressor().decompress(data) if data[:4] == b"\x28\xb5\x2f\xfd" else data


def frames(received):
    """Every message that the client got."""
    pieces = re.split(rb"Content-Length: \d+\r\n(?:[^\r\n]+\r\n)*\r\n", b"".join(received))
    return [json.loads(piece) for piece in pieces if piece]


def is_for_the_person(message):
    """Whether the message brings an answer to where the person has the code anyway."""
    value = message.get("params", {}).get("value", {}) if message.get("method") == "$/progress" else {}
    return "result" in message or (isinstance(value, dict) and value.get("kind") == "delta")


async def test_no_secret_is_anywhere(tmp_path):
    """No key is in any byte that is written or sent but for its provider's header, no secret of the code is in any but
    the person's own answers, and no model hears of either.
    """
    own = plant(tmp_path)

    def is_own(path):
        return path in own or path.is_relative_to(tmp_path / ".git")

    extra = {
        **KEYS,
        "HTTPS_PROXY": f"http://me:{OTHERS['proxy']}@127.0.0.1:9",
        "MY_DEPLOY_TOKEN": IN_CODE["known by the environment"],
        "PYTHONPATH": str(tmp_path / "site"),
    }
    arguments = ("--log-level", "debug", "--log-content")
    async with Simulator(echo, key=KEYS["OPENAI_API_KEY"]) as simulator:
        async with running(tmp_path, *arguments, extra=extra) as session:
            await session.initialize(options(simulator.url), FULL)
            results = await a_day(session)
            assert await session.client.close() == 0
            received = frames(session.received)
        calls = list(simulator.calls)

    # What should have happened has happened.
    assert all(planted in json.dumps(results) for planted in (IN_CODE["target"], IN_CODE["instruction"]))
    assert IN_CODE["far away"] in results[-1]["items"][0]["insertText"]
    written = {path: b"\0".join(contents(path)) for path in tmp_path.rglob("*") if path.is_file() and not is_own(path)}
    by_name = {path.name: text for path, text in written.items()}
    assert b'"event": "sent"' in next(text for path, text in written.items() if path.parent.name == "audit")
    assert b"REDACTED_1_" in by_name["cache.db"]
    assert b"openai" in by_name["ledger.db"]
    assert b"it broke inside" in by_name["dragoman.log"]
    assert b"asked: " in by_name["dragoman.log"]
    assert b"'git'" in by_name["children.txt"]
    assert any(KEYS["ANTHROPIC_API_KEY"] in call.headers.values() for call in calls)

    for path, text in written.items():
        for name, planted in {**KEYS, **OTHERS, **IN_CODE}.items():
            assert not leaks(planted, text.decode("utf-8", "replace")), f"the secret '{name}' is in {path}"
    for message in received:
        text = json.dumps(message, ensure_ascii=False)
        unwanted = {**KEYS, **OTHERS} if is_for_the_person(message) else {**KEYS, **OTHERS, **IN_CODE}
        for name, planted in unwanted.items():
            assert not leaks(planted, text), f"the secret '{name}' is in a message: {message.get('method')}"
    for call in calls:
        body = json.dumps(dict(call.body), ensure_ascii=False) + call.path + str(dict(call.query))
        for name, planted in {**KEYS, **OTHERS, **IN_CODE}.items():
            assert not leaks(planted, body), f"the secret '{name}' was sent to {call.path}"
        shown = [name for name, key in KEYS.items() if key in str(dict(call.headers))]
        assert len(shown) <= 1, "no provider is shown another one's key"
