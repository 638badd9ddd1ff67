"""The live page in a real browser, served by the real server to a client that can do no more than open it."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dragoman.simulator import Reply, Simulator
from editors.browser import EVIL, browsing
from lsp.desk import span
from lsp.process import asking, running

pytestmark = pytest.mark.editors

SOURCE = """\
def names(orders):
    result = []
    for order in orders:
        result.append(order.name)
    return result
"""
EXPLAINING = """\
`names` gathers **every order's name**, in the order in which they came.

```python
def names(orders):
    return [order.name for order in orders]
```

| orders | what it gives |
|---|---|
| none | an empty list |
| one without a name | `AttributeError` |

- It reads `order.name` and nothing else.
- It makes a new list: the [tutorial](https://docs.python.org/3/tutorial/) shows how.
"""
PIECES = tuple(f"{word} " for word in EXPLAINING.split(" "))
ENDLESS = Reply(text=("## Names\n\n", *("It gathers names. ",) * 10_000), between=0.02)

ATTACKS = """\
<script>window.pwned = 1</script>
<img src="http://evil.example:{port}/pixel" onerror="window.pwned = 2">
![a](http://evil.example:{port}/pixel)
[a](javascript:window.pwned=3) <a href="javascript:window.pwned=4" id="bait">x</a> [b](data:text/html,<script>)
<svg/onload=window.pwned=5> <iframe src="http://evil.example:{port}/"></iframe> <style>*{{display:none}}</style>
</div></article></main><script>window.pwned = 6</script><base href="http://evil.example:{port}/">
<meta http-equiv="refresh" content="0;url=http://evil.example:{port}/">

```html"><script>window.pwned=7</script>
</code></pre><script>window.pwned = 8</script>
```

| <img src=x onerror=window.pwned=9> |
|---|
| `</code><script>window.pwned=10</script>` |

[a](https://x.example "\\" onmouseover=\\"window.pwned=11")

The end.
"""


class Stage:
    """A client at a real server, which has opened the live page in a real browser."""

    def __init__(self, session, uri, url, tab):
        self.client = session.client
        self.url, self.tab = url, tab
        self._uri = uri

    async def explain(self):
        """Ask for an explanation, to the end."""
        order = {"action": "explain", "textDocument": {"uri": self._uri}, "range": span(0, 0, 4, 17)}
        return await self.client.request("dragoman/run", order)

    async def text(self):
        """What the newest answer shows."""
        return await self.tab.value("document.querySelector('article .text').innerText")


@asynccontextmanager
async def staged(tmp_path, reply):
    """The stage, with the page open."""
    opened: asyncio.Queue[str] = asyncio.Queue()

    async def show(params):
        if params.get("external"):
            opened.put_nowait(params["uri"])
        return {"success": True}

    async with Simulator(reply) as simulator, browsing(tmp_path / "profile") as browser, running(tmp_path) as session:
        session.client.on_request("window/showDocument", show)
        await session.initialize(asking(simulator.url))
        uri = session.open(SOURCE)
        await session.client.request("workspace/executeCommand", {"command": "dragoman.page"})
        tab = await browser.tab()
        await tab.go(await opened.get())
        await tab.sees("document.getElementById('state')?.textContent === 'live'")
        url = await tab.value("location.href")
        yield Stage(session, uri, url, tab), browser


async def test_an_answer_is_seen_while_it_is_written(tmp_path):
    """The text grows on the page while the model writes, and a cancel is told there."""
    async with staged(tmp_path, ENDLESS) as (stage, _):
        assert "No answer yet" in await stage.tab.value("document.body.innerText")
        asked = asyncio.create_task(stage.explain())
        await stage.tab.sees("document.querySelector('article[data-state=writing] h2 + .who')?.textContent")
        await stage.tab.sees("document.querySelector('article .text h2')?.textContent === 'Names'")
        early = len(await stage.text())
        await stage.tab.sees(f"document.querySelector('article .text').innerText.length > {early + 100}")
        assert await stage.tab.value("document.querySelector('.who').textContent") == "ollama · scripted-coder"
        await stage.client.request("workspace/executeCommand", {"command": "dragoman.cancel"})
        await stage.tab.sees("document.querySelector('article[data-state=failed] .note')?.textContent === 'cancelled'")
        await asyncio.gather(asked, return_exceptions=True)


async def test_a_whole_answer(tmp_path):
    """A whole answer is rendered as Markdown should be, with what it took; nothing in the console complains."""
    async with staged(tmp_path, Reply(text=PIECES)) as (stage, _):
        await stage.explain()
        await stage.tab.sees("document.querySelector('article[data-state=done]')")
        found = "document.querySelector('article')"
        assert await stage.tab.value(f"{found}.querySelector('pre code').textContent") == (
            "def names(orders):\n    return [order.name for order in orders]\n"
        )
        assert await stage.tab.value(f"[...{found}.querySelectorAll('td')].map(each => each.textContent)") == [
            *("none", "an empty list", "one without a name", "AttributeError"),
        ]
        assert "tokens in" in await stage.tab.value(f"{found}.querySelector('.note').textContent")
        picture = await stage.tab.picture()
        assert picture.startswith(b"\x89PNG")
        (Path(os.environ.get("PICTURES") or tmp_path) / "live-page.png").write_bytes(picture)
        own = stage.url.rpartition("/")[0]
        assert all(url.startswith(own.rpartition("/")[0]) for url in stage.tab.requested)
        assert stage.tab.complaints == []


async def test_a_selection_stays(tmp_path):
    """What the person has selected stays selected while the answer goes on below it."""
    reply = Reply(text=("First words.\n\n", *("And so on. ",) * 10_000), between=0.02)
    async with staged(tmp_path, reply) as (stage, _):
        asked = asyncio.create_task(stage.explain())
        await stage.tab.sees("document.querySelectorAll('article .text p').length === 2")
        await stage.tab.value("getSelection().selectAllChildren(document.querySelector('article .text p'))")
        early = len(await stage.text())
        await stage.tab.sees(f"document.querySelector('article .text').innerText.length > {early + 100}")
        assert await stage.tab.value("getSelection().toString()") == "First words."
        await stage.client.request("workspace/executeCommand", {"command": "dragoman.cancel"})
        await asyncio.gather(asked, return_exceptions=True)


@asynccontextmanager
async def elsewhere(pages):
    """A server of somebody else's at a port of this machine; gives the port, and every path that was asked for."""
    asked: list[str] = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        asked.append(path)
        body = pages.get(path, "").encode()
        start = (
            f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(start.encode() + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


async def test_an_answer_full_of_attacks(tmp_path):
    """An answer made to run something in the page runs nothing, fetches nothing and leads nowhere."""
    async with elsewhere({}) as (port, asked):
        attacks = ATTACKS.format(port=port)
        async with staged(tmp_path, Reply(text=tuple(attacks[at : at + 7] for at in range(0, len(attacks), 7)))) as (
            stage,
            _,
        ):
            await stage.explain()
            await stage.tab.sees("document.querySelector('article[data-state=done]')?.innerText.includes('The end.')")
            await stage.tab.value(
                "document.querySelectorAll('article *').forEach(each => {"
                "each.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); if (each.id) each.click(); })"
            )
            assert await stage.tab.value("window.pwned ?? null") is None
            assert await stage.tab.value("location.href") == stage.url
            assert await stage.tab.value("document.scripts.length") == 1
            count = "document.querySelectorAll('article :is(script, img, svg, iframe, style, base, meta, form)').length"
            assert await stage.tab.value(count) == 0
            links = await stage.tab.value("[...document.links].map(each => [each.protocol, each.rel, each.target])")
            assert links
            assert all(scheme in {"http:", "https:"} for scheme, _, _ in links)
            assert all(rest == ["noopener noreferrer nofollow", "_blank"] for _, *rest in links)
            assert "window.pwned = 1" in await stage.text()
        assert asked == []


async def test_what_would_get_through_runs_nothing(tmp_path):
    """Even HTML that stood in the page as it is would run no script and fetch no picture: the page's policy says so."""
    async with elsewhere({}) as (port, asked), staged(tmp_path, Reply(text=("x",))) as (stage, _):
        there = f"http://{EVIL}:{port}/"
        bad = (
            f"<img src='{there}' onerror='window.pwned=1'><iframe src='{there}'></iframe>"
            "<iframe srcdoc='<script>parent.pwned=2</script>'></iframe>"
            f"<link rel=stylesheet href='{there}'><b style='background:url({there})' onclick='window.pwned=3'>b</b>"
            f"<form action='{there}'><button>b</button></form><object data='{there}'></object>"
        )
        await stage.tab.value(f"void (document.querySelector('main').innerHTML = {json.dumps(bad)})")
        await stage.tab.value("document.querySelector('b').click(); document.querySelector('button').click()")
        for source in ("textContent = 'window.pwned=4'", f"src = '{there}'"):
            script = f"const s = document.createElement('script'); s.{source}; document.body.append(s)"
            await stage.tab.value(f"void (() => {{ {script} }})()")
        refused = f"fetch({json.dumps(there)}).then(() => 'read', () => 'refused')"
        assert await stage.tab.value(refused) == "refused"
        assert await stage.tab.value("window.pwned ?? null") is None
        assert await stage.tab.value("location.href") == stage.url
        assert len([line for line in stage.tab.complaints if "Content Security Policy" in line]) >= 5
        assert asked == []


SPYING = """\
<script>
const target = %s, wait = (ms) => new Promise((done) => setTimeout(done, ms));
const tried = (promise) => promise.then((text) => `read: ${text}`, () => "refused");
const frame = (url) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.src = url;
  frame.onload = () => { try { done(`read: ${frame.contentDocument.body.innerText}`); } catch { done("refused"); } };
  document.body.append(frame);
});
const stream = (url) => new Promise((done) => {
  const source = new EventSource(url, { withCredentials: true });
  source.onmessage = ({ data }) => done(`read: ${data}`);
  source.onerror = () => { source.close(); done("refused"); };
});
const script = (url) => new Promise((done) => {
  const script = document.createElement("script");
  script.src = url; script.onload = () => done("read"); script.onerror = () => done("refused");
  document.head.append(script);
});
(async () => {
  window.found = {
    fetched: await tried(fetch(target).then((answer) => answer.text())),
    opaque: await tried(fetch(target, { mode: "no-cors" }).then((answer) => answer.text())),
    posted: await tried(fetch(target, { method: "POST", body: "x" }).then((answer) => answer.text())),
    framed: await frame(target),
    streamed: await stream(`${target}events`),
    script: await script(target),
  };
})();
</script>
"""


async def test_a_page_of_another_origin(tmp_path):
    """A page of another origin that knows the very address reads nothing: not fetched, framed, streamed or run."""
    async with staged(tmp_path, Reply(text=("A secret of yours.",))) as (stage, browser):
        await stage.explain()
        await stage.tab.sees("document.querySelector('article[data-state=done]')")
        async with elsewhere({"/": SPYING % json.dumps(stage.url)}) as (port, asked):
            for host in (EVIL, "127.0.0.1"):  # another site, and another port of the same one
                spy = await browser.tab()
                await spy.go(f"http://{host}:{port}/")
                await spy.sees("window.found")
                found = await spy.value("window.found")
                assert not [what for what in found.values() if "secret" in what or "Dragoman" in what], found
                refused = {name for name, what in found.items() if what == "refused"}
                assert refused >= {"fetched", "posted", "framed", "streamed", "script"}, found
            assert "/" in asked
        assert "A secret of yours." in await stage.text()


async def test_a_name_that_is_pointed_here(tmp_path):
    """Under another name for this machine the page is not there, whatever path is asked for (DNS rebinding)."""
    async with staged(tmp_path, Reply(text=("A secret of yours.",))) as (stage, browser):
        await stage.explain()
        spy = await browser.tab()
        await spy.go(stage.url.replace("127.0.0.1", EVIL))
        await spy.sees("document.readyState === 'complete' && location.href !== 'about:blank'")
        assert "secret" not in await spy.value("document.documentElement.innerText")
        assert await spy.value("document.querySelector('main') === null")


async def test_the_end_of_the_session(tmp_path):
    """When the editor closes, the page says so, and keeps what it shows."""
    async with staged(tmp_path, Reply(text=("It adds up.",))) as (stage, _):
        await stage.explain()
        await stage.tab.sees("document.querySelector('article[data-state=done]')")
        await stage.client.close()
        await stage.tab.sees("document.getElementById('state').textContent.startsWith('ended')")
        assert await stage.text() == "It adds up."
