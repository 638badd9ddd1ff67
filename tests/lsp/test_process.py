"""The real server process: what can only be seen from outside."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from dragoman.cli.driver import ResponseError, ServerGone
from dragoman.simulator import Fault, Reply, Simulator
from lsp.desk import PLAIN, span
from lsp.process import COMMAND, asking, environment, running

REAL_TIME = True
CODE = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n"
NEW = "def total(items):\n    return sum(items)\n"
ANSWER = Reply(text=("```python\n", "def total(items):\n", "    return sum(items)\n", "```\n"))
SLOW = Reply(text=("so ", "slow "), fault=Fault.KEEPALIVES)


def order(uri, action="refactor", **more):
    """A run over the whole text."""
    return {"action": action, "textDocument": {"uri": uri}, "range": span(0, 0, 4, 99), **more}


def code_of(error):
    """The JSON-RPC error code of a failed request."""
    return error.value.code


async def test_main_job(tmp_path):
    """From a code action to a changed text: the model is asked over a real socket, and the server ends with 0."""
    async with Simulator(ANSWER) as simulator, running(tmp_path) as session:
        answer = await session.initialize(asking(simulator.url))
        assert answer["serverInfo"]["name"] == "dragoman"
        uri = session.open(CODE)
        params = {"textDocument": {"uri": uri}, "range": span(0, 0, 4, 17), "context": {"diagnostics": []}}
        actions = await session.client.request("textDocument/codeAction", params)
        refactor = next(action for action in actions if action["title"] == "Refactor")
        (argument,) = refactor["command"]["arguments"]
        argument["partialResultToken"] = "part"
        command = {"command": refactor["command"]["command"], "arguments": [argument], "workDoneToken": "bar"}
        result = await session.client.request("workspace/executeCommand", command)
        assert (result["kind"], result["applied"], result["provider"]) == ("edit", True, "ollama")
        assert session.text[uri] == NEW
        kinds = [params["value"]["kind"] for params in session.progress if params["token"] == "part"]
        assert (kinds[0], kinds[-1]) == ("route", "done")
        assert "delta" in kinds
        bar = [params["value"]["kind"] for params in session.progress if params["token"] == "bar"]
        assert (bar[0], bar[-1]) == ("begin", "end")
        (call,) = simulator.completions
        assert "result += item" in call.prompt
        assert await session.client.close() == 0


@asynccontextmanager
async def under_way(simulator, session, method="dragoman/run"):
    """A run whose answer goes on for ever: its request, and the provider's side of it."""
    uri = next(iter(session.text))
    number = len(simulator.completions)
    params = order(uri, "explain", workDoneToken=f"bar {number}")
    if method == "workspace/executeCommand":
        token = params.pop("workDoneToken")
        params = {"command": "dragoman.explain", "arguments": [params], "workDoneToken": token}
    pending = session.client.send(method, params)
    call = await simulator.completion(number)
    async with asyncio.timeout(10):
        while call.pieces_sent < 2:  # noqa: ASYNC110 - the simulator counts, it does not tell
            await asyncio.sleep(0.001)
    yield pending, call, f"bar {number}"


async def hung_up(call, since):
    """Seconds from a moment until the provider saw the connection closed."""
    async with asyncio.timeout(10):
        await call.hung_up.wait()
    return call.hung_up_at - since


async def test_every_cancel_closes_the_socket(tmp_path):
    """Each way to cancel closes the provider's socket within 100 ms, and the request is answered with -32800."""

    async def cancel(session, way, pending, token):
        match way:
            case "run" | "command":
                session.client.cancel(pending)
            case "progress":
                session.client.notify("window/workDoneProgress/cancel", {"token": token})
            case "dragoman.cancel":
                session.client.send("workspace/executeCommand", {"command": "dragoman.cancel"})
            case "shutdown":
                session.client.send("shutdown")

    async with Simulator(SLOW) as simulator, running(tmp_path) as session:
        await session.initialize(asking(simulator.url))
        session.open(CODE)
        clock = asyncio.get_running_loop().time
        for way in ("run", "command", "progress", "dragoman.cancel", "shutdown"):
            method = "workspace/executeCommand" if way == "command" else "dragoman/run"
            taken = []
            # The best of three: other work on this machine must not fail a test of ours.
            for _ in range(1 if way == "shutdown" else 3):
                async with under_way(simulator, session, method) as (pending, call, token):
                    started = clock()
                    await cancel(session, way, pending, token)
                    taken.append(await hung_up(call, started))
                    with pytest.raises(ResponseError) as error:
                        await pending.response
                    assert code_of(error) == -32800
                if taken[-1] < 0.1:
                    break
            assert min(taken) < (0.1 if way != "shutdown" else 0.5), (way, taken)
        session.client.notify("exit")
        assert await session.client.process.wait() == 0


@pytest.mark.parametrize("way", ["eof", "SIGTERM", "SIGINT", "parent", "exit"])
async def test_server_ends_with_its_client(tmp_path, way):
    """With its client, its terminal or its parent gone the server stops within a second or so, provider hung up on."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=subprocess.PIPE)
    try:
        async with Simulator(SLOW) as simulator, running(tmp_path) as session:
            await session.initialize(asking(simulator.url), process_id=parent.pid)
            session.open(CODE)
            async with under_way(simulator, session) as (pending, call, _):
                started = asyncio.get_running_loop().time()
                match way:
                    case "eof":
                        session.client._input.close()
                    case "SIGTERM" | "SIGINT":
                        session.client.process.send_signal(getattr(signal, way))
                    case "parent":
                        parent.kill()
                        await parent.wait()
                    case "exit":
                        session.client.notify("exit")
                taken = await hung_up(call, started)
                async with asyncio.timeout(10):
                    code = await session.client.process.wait()
                assert taken < 2, "a loaded machine has some room above the second"
                with pytest.raises((ResponseError, ServerGone)):
                    await pending.response
                assert code == (130 if way.startswith("SIG") else 1)
                assert "Traceback" not in session.stderr
    finally:
        if parent.returncode is None:
            parent.kill()
        await parent.wait()
        parent._transport.close()


async def test_stray_prints_never_reach_the_client(tmp_path):
    """Whatever prints while the server serves, even unbuffered or straight to the descriptor, goes to stderr."""
    (tmp_path / "sitecustomize.py").write_text(
        "import json, os\n"
        "loads = json.loads\n"
        "def noisy(*args, **kwargs):\n"
        "    print('PRINTED NOISE')\n"
        "    os.write(1, b'WRITTEN NOISE\\n')\n"
        "    return loads(*args, **kwargs)\n"
        "json.loads = noisy\n",
        encoding="utf-8",
    )
    noise = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(tmp_path)}
    async with Simulator(ANSWER) as simulator, running(tmp_path, extra=noise) as session:
        await session.initialize(asking(simulator.url))
        uri = session.open(CODE)
        assert (await session.client.request("dragoman/run", order(uri)))["applied"]
        assert await session.client.close() == 0
        assert b"NOISE" not in b"".join(session.received)
        assert "PRINTED NOISE" in session.stderr
        assert "WRITTEN NOISE" in session.stderr


async def test_starts_with_nothing(tmp_path):
    """Without a key, a setting, a provider or a network the server starts, and says what to do when it is asked."""
    with socket.socket() as taken:  # nobody listens on a port that is taken and not listened on
        taken.bind(("127.0.0.1", 0))
        nothing = {"providers": {"ollama": {"base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"}}}
        async with running(tmp_path) as session:
            await session.initialize(nothing, PLAIN)
            uri = session.open(CODE)
            with pytest.raises(ResponseError) as error:
                await session.client.request("dragoman/run", order(uri))
            line = str(error.value)
            assert "\n" not in line
            assert "ollama" in line.lower()
            assert error.value.data["kind"]
            status = await session.client.request("dragoman/status")
            assert status["state"] == "idle"
            assert await session.client.close() == 0
            assert "Traceback" not in session.stderr


async def test_typo_in_the_project_is_told_once(tmp_path):
    """A typo in the project's settings is told in one line with the right key, and everything else works."""
    (tmp_path / ".dragoman.toml").write_text("[context]\nmax_token = 500\n", encoding="utf-8")
    async with Simulator(ANSWER) as simulator, running(tmp_path) as session:
        await session.initialize(asking(simulator.url))
        uri = session.open(CODE)
        assert (await session.client.request("dragoman/run", order(uri)))["applied"]
        told = [message for message in session.messages if "max_token" in message]
        assert len(told) == 1
        assert "max_tokens" in told[0]
        assert ".dragoman.toml" in told[0]


class Wire:
    """A client on a socket, without a process of its own."""

    def __init__(self, reader, writer) -> None:
        self.reader, self.writer, self.last_id = reader, writer, 0

    def send(self, **message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def request(self, method, params=None):
        """Its whole response."""
        self.last_id += 1
        self.send(id=self.last_id, method=method, params=params)
        while True:
            length = int((await self.reader.readuntil(b"\r\n\r\n")).split(b":")[1])
            message = json.loads(await self.reader.readexactly(length))
            if message.get("id") == self.last_id and "method" not in message:
                return message

    async def initialize(self, name):
        """The handshake, and a document of its own."""
        params = {"processId": None, "rootUri": None, "capabilities": {}, "clientInfo": {"name": name}}
        await self.request("initialize", params)
        self.send(method="initialized", params={})
        item = {"uri": f"file:///{name}", "languageId": "python", "version": 1, "text": f"def {name}(): pass\n"}
        self.send(method="textDocument/didOpen", params={"textDocument": item})

    async def menu(self, name):
        """The code actions in a document."""
        place = {"textDocument": {"uri": f"file:///{name}"}, "range": span(0, 5, 0, 5)}
        return (await self.request("textDocument/codeAction", {**place, "context": {"diagnostics": []}}))["result"]


async def two_clients(connect):
    """Two clients at once: each has a server of its own, and one's end is not the other's."""
    first, second = Wire(*await connect()), Wire(*await connect())
    await first.initialize("first")
    await second.initialize("second")
    assert await first.menu("first")
    assert await first.menu("second") == []
    assert await second.menu("second")
    assert (await first.request("shutdown"))["result"] is None
    first.send(method="exit")
    assert await first.reader.read() == b""
    first.writer.close()
    assert await second.menu("second")
    second.writer.transport.abort()
    third = Wire(*await connect())
    await third.initialize("third")
    assert await third.menu("third")
    return third


@pytest.mark.parametrize("transport", ["tcp", "socket"])
async def test_fault_6_two_clients_at_once(tmp_path, transport):
    """Over TCP or a Unix socket every client has a server of its own; SIGTERM ends them all."""
    path = tmp_path / "dragoman.sock"
    arguments = ["--tcp", "127.0.0.1:0"] if transport == "tcp" else ["--socket", str(path)]
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=environment(tmp_path), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            if transport == "tcp":
                line = (await process.stderr.readline()).decode()
                host, _, port = line.strip().rpartition(" ")[2].rpartition(":")

                def connect():
                    return asyncio.open_connection(host, int(port))
            else:
                while not path.exists():  # noqa: ASYNC110 - nothing tells of a new socket
                    await asyncio.sleep(0.01)
                assert path.stat().st_mode & 0o077 == 0

                def connect():
                    return asyncio.open_unix_connection(path)

            third = await two_clients(connect)
            process.terminate()
            code = await process.wait()
            assert await third.reader.read() == b""
            third.writer.close()
            assert code == 130
            assert b"Traceback" not in await process.stderr.read()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_stdin_and_stdout_as_files(tmp_path):
    """Where the loop can't watch stdin and stdout, threads do it: the same answers, the same exit code."""
    sent = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "dragoman/status"},
        {"id": 3, "method": "nothing/here"},
        {"id": 4, "method": "shutdown"},
        {"method": "exit"},
    ]
    into, out = tmp_path / "in", tmp_path / "out"
    bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in sent]
    into.write_bytes(b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies))
    with into.open("rb") as stdin, out.open("wb") as stdout:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, env=environment(tmp_path), stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL
        )
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    answers = [json.loads(piece.partition(b"\r\n\r\n")[2]) for piece in out.read_bytes().split(b"Content-Length: ")[1:]]
    by_id = {answer["id"]: answer for answer in answers if "method" not in answer}
    assert sorted(by_id) == [1, 2, 3, 4]
    assert by_id[3]["error"]["code"] == -32601


async def test_secrets_and_code_stay_where_they_belong(tmp_path):
    """Known keys are in no byte that the server writes, wherever; code and prompts are in no log."""
    keys = {"ANTHROPIC_API_KEY": "sk-ant-api03-KNOWNKEYONE-xyz", "OPENAI_API_KEY": "sk-proj-KNOWNKEYTWO-xyz"}
    misplaced = "sk-KNOWNKEYTHREE-in-the-wrong-place-0123456789"
    marked = CODE.replace("result", "marker_of_the_code")
    async with Simulator(ANSWER, key=keys["OPENAI_API_KEY"]) as simulator, running(tmp_path, extra=keys) as session:
        options = {
            "routing": {"fallback_order": ["anthropic", "openai"], "prefer_local_for": []},
            "providers": {
                "anthropic": {"base_url": simulator.url, "model": "scripted-chat"},
                "openai": {"base_url": f"{simulator.url}/v1", "model": "scripted-chat", "organization": "o"},
                "groq": {"api_key": misplaced},
            },
            "retry": {"max_retries": 0},
        }
        await session.initialize(options)
        session.client.notify("$/setTrace", {"value": "verbose"})
        uri = session.open(marked)
        result = await session.client.request(
            "dragoman/run", order(uri, workDoneToken="bar", partialResultToken="part")
        )
        assert result["applied"]
        assert result["provider"] == "openai"
        with pytest.raises(ResponseError):
            await session.client.request("dragoman/run", order(uri, provider="anthropic"))
        await session.client.request("dragoman/route", order(uri))
        sent = [call.headers.get("authorization", call.headers.get("x-api-key", "")) for call in simulator.completions]
        assert any("KNOWNKEYONE" in header for header in sent)
        assert any("KNOWNKEYTWO" in header for header in sent)
        assert await session.client.close() == 0
        written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert [path for path in written if path.name == "stderr.txt"]
        for source, content in (*written.items(), ("stdout", b"".join(session.received))):
            for secret in (*keys.values(), misplaced, "KNOWNKEY"):
                assert secret.encode() not in content, f"a key is in {source}"
            if source != "stdout":
                assert b"marker_of_the_code" not in content, f"code is in {source}"
                assert b"return sum(items)" not in content, f"an answer is in {source}"
