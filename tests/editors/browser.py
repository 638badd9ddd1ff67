"""A real Chromium without windows, driven over its own protocol (Chrome DevTools Protocol, by a pipe)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from editors.desk import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = Path(os.environ.get("BROWSER") or REPOSITORY / ".editors" / "browser" / "bin" / "chromium-headless-shell")
EVIL = "evil.example"
"""A name that the browser finds at 127.0.0.1; it finds no other."""
SECONDS = 60.0
ARGUMENTS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    "--window-size=860,620",
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Tab:
    """One page of the browser. `requested` are the URLs that it has asked for, `complaints` what its console says."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session
        self.requested: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> Any:
        """One command of the protocol."""
        return await self._browser.call(method, params, self._session)

    async def go(self, url: str) -> None:
        """Open it, as a person who types the address does."""
        await self.call("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        """What the expression, or its promise, comes to in the page."""
        params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self.call("Runtime.evaluate", **params)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def sees(self, expression: str) -> None:
        """Wait until the expression is true in the page."""
        try:
            async with asyncio.timeout(SECONDS):
                while not await self.value(f"Boolean({expression})"):  # noqa: ASYNC110 - a page is not told of
                    await asyncio.sleep(0.05)
        except TimeoutError:
            shown = await self.value("document.body?.innerText")
            raise AssertionError(f"never true: {expression}\n{self.complaints}\n{shown}") from None

    async def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    def heard(self, method: str, params: Any) -> None:
        """What the browser tells of the page."""
        match method:
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])


class Browser:
    """One browser with a fresh profile."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tabs: dict[str, Tab] = {}
        self._last_id = 0
        self._reading = asyncio.create_task(self._read(reader))

    async def call(self, method: str, params: Any = None, session: str | None = None) -> Any:
        """One command of the protocol."""
        self._last_id += 1
        future = self._waiting[self._last_id] = asyncio.get_running_loop().create_future()
        message = {"id": self._last_id, "method": method, "params": params or {}}
        self._writer.write(json.dumps({**message, **({"sessionId": session} if session else {})}).encode() + b"\0")
        async with asyncio.timeout(SECONDS):
            answer = await future
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    async def tab(self) -> Tab:
        """A new page, empty."""
        target = await self.call("Target.createTarget", {"url": "about:blank"})
        attached = await self.call("Target.attachToTarget", {**target, "flatten": True})
        tab = self._tabs[attached["sessionId"]] = Tab(self, attached["sessionId"])
        for domain in ("Page", "Network", "Log", "Runtime"):
            await tab.call(f"{domain}.enable")
        return tab

    def close(self) -> None:
        """Listen no longer."""
        self._reading.cancel()
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            message = json.loads((await reader.readuntil(b"\0"))[:-1])
            if "id" in message:
                self._waiting.pop(message["id"]).set_result(message)
            elif tab := self._tabs.get(message.get("sessionId", "")):
                tab.heard(message["method"], message["params"])


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Browser]:
    """A browser while the block runs."""
    assert shutil.which(PROGRAM), f"{PROGRAM} is missing: scripts/get-browser fetches it"
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium's sandbox refuses to work for root
    command = (str(PROGRAM), *ARGUMENTS, *root, f"--user-data-dir={profile}")
    its_input, our_output = os.pipe()
    our_input, its_output = os.pipe()
    # It reads from 3 and writes to 4, and stands in a group of its own, so that all its processes end together.
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f'exec "$@" 3<&{its_input} 4>&{its_output}', "bash", *command),
        pass_fds=(its_input, its_output),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"HOME": str(profile), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    os.close(its_input)
    os.close(its_output)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 26)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_input, "rb"))
    outgoing, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(our_output, "wb"))
    browser = Browser(reader, asyncio.StreamWriter(outgoing, protocol, None, loop))
    try:
        yield browser
        await browser.call("Browser.close")
    finally:
        browser.close()
        incoming.close()
        if process.returncode is None:
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                os.killpg(process.pid, 9)
                await process.wait()
