"""What every measurement stands on: a folder of its own, an upstream, the processes to compare. Measures nothing."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.children import child
from bench.client import Client

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
PYTHON = Path(sys.executable)

USUAL_PLAN = "tokens=100"
"""What the upstream answers where a request names no model."""

INLINE_PLAN = "tokens=1;name=qwen2.5-coder"
"""The same for inline completions, by a name that says how the model is asked for them."""

INLINE_DEBOUNCE_SECONDS = 0.025

_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")

_SETTINGS = """
[routing]
fallback_order = ["bench"]
intents = {{ analysis = ["bench"], explanation = ["bench"] }}
[providers.bench]
dialect = "openai"
base_url = "{url}"
model = "{model}"
inline_model = "{inline_model}"
local = true
[providers.ollama]
enabled = false
[cache]
enabled = false
[inline]
debounce_ms = {debounce_ms}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run takes place. `quick` asks for fewer repetitions."""

    folder: Path
    environment: Mapping[str, str]
    upstream: str
    quick: bool

    def times(self, count: int) -> int:
        """So many repetitions, or a fifth of them in a quick run."""
        return max(3, count // 5) if self.quick else count

    def uri(self, name: str) -> str:
        """The URI of a file in the project."""
        return (self.folder / "project" / name).as_uri()

    @contextmanager
    def process(self, command: tuple[str | Path, ...]) -> Iterator[subprocess.Popen[bytes]]:
        """A child process in this run's environment."""
        with child(command, self.environment, self.folder / "errors.log") as process:
            yield process

    @contextmanager
    def dragoman(self) -> Iterator[Client]:
        """Dragoman's server, initialized."""
        with self.process(DRAGOMAN) as process:
            client = Client(process)
            client.initialize(self.uri(""))
            client.call("dragoman/status", {})  # answered once everything is open
            yield client

    @contextmanager
    def stock(self) -> Iterator[Client]:
        """The stock pygls server, initialized."""
        with self.process(STOCK) as process:
            client = Client(process)
            client.initialize(self.uri(""))
            yield client

    @contextmanager
    def raw(self) -> Iterator[Raw]:
        """The raw httpx client."""
        with self.process((PYTHON, HERE / "peers" / "raw.py", self.upstream)) as process:
            yield Raw(process)


DRAGOMAN: tuple[str | Path, ...] = (PYTHON.with_name("dragoman"), "lsp")
STOCK: tuple[str | Path, ...] = (PYTHON, HERE / "peers" / "stock.py")


class Raw:
    """The raw httpx client in its own process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process

    def stream(self, plan: str) -> dict[str, Any]:
        """Stream one answer to its end: seconds to its `first` bytes and the `whole`, how many `pieces` and `bytes`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{plan}\n".encode())
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def set_up(folder: Path, *, quick: bool) -> Iterator[Stage]:
    """A stage in that folder, with the upstream running."""
    (folder / "project").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRAGOMAN_", "PYTHON"))}
    homes = {name: str(folder / name.lower()) for name in _HOMES}
    environment = kept | homes | {"DRAGOMAN_CONFIG": str(folder / "config.toml")}
    with child((PYTHON, HERE / "upstream.py"), environment, folder / "errors.log") as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        debounce_ms = round(INLINE_DEBOUNCE_SECONDS * 1000)
        settings = _SETTINGS.format(url=url, model=USUAL_PLAN, inline_model=INLINE_PLAN, debounce_ms=debounce_ms)
        (folder / "config.toml").write_text(settings, encoding="utf-8")
        yield Stage(folder, environment, url, quick)


def python_source(lines: int) -> str:
    """A Python file of so many lines: functions of ten lines each."""
    function = """def total_{number}(items: list[Item], rate: float) -> float:
    \"\"\"What the items cost in all, with the rate added.\"\"\"
    result = 0.0
    for item in items:
        if item.hidden or item.count == 0:
            continue
        result += item.price * item.count
    return result * (1 + rate)


"""
    return "".join(function.format(number=number) for number in range(lines // 10))
