"""The composition root: builds everything from settings and hands each room what it needs. Holds no global."""

from __future__ import annotations

import logging
import os
from contextlib import aclosing
from dataclasses import replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path, user_state_path

from dragoman.core.editor_settings import EditorSettings
from dragoman.core.errors import Authentication, BadInput
from dragoman.core.events import Downloading
from dragoman.core.intent import Intent
from dragoman.core.settings_layers import Problem, editor_layer
from dragoman.core.settings_parse import Effective, parse
from dragoman.engine.access import FullAccess
from dragoman.engine.answers import AnswerFolder
from dragoman.engine.audit import Audit
from dragoman.engine.cache import Cache
from dragoman.engine.clock import LoopClock
from dragoman.engine.device_login import DeviceLogins
from dragoman.engine.embeddings import Embeddings
from dragoman.engine.files import ProjectFiles
from dragoman.engine.filling import Filling
from dragoman.engine.git import Git
from dragoman.engine.health import Prober
from dragoman.engine.http import HttpTransport
from dragoman.engine.ignores import Ignores
from dragoman.engine.key_index import index_path, stored_keys
from dragoman.engine.key_stores import key_stores
from dragoman.engine.keys import Keys, key_specs
from dragoman.engine.ledger import FILE_NAME as LEDGER_FILE
from dragoman.engine.ledger import Ledger
from dragoman.engine.login_renewal import LoginRenewal
from dragoman.engine.loop import Engine
from dragoman.engine.metrics import Metrics
from dragoman.engine.models import ModelLists
from dragoman.engine.near import NearQuestions
from dragoman.engine.page import LivePage
from dragoman.engine.patterns import ChildPatterns
from dragoman.engine.places import endpoints, with_addresses
from dragoman.engine.prompt_files import prompt_paths, with_prompts
from dragoman.engine.pull import can_pull, pull
from dragoman.engine.reuse import Reuse
from dragoman.engine.secret_variables import secrets_of
from dragoman.engine.settings_files import Stamp, config_path, read_layers, stamp, trusts_nobody, watched_paths
from dragoman.engine.spending import Spending
from dragoman.engine.standing import Standings
from dragoman.engine.status import status
from dragoman.engine.stores import ChosenStore
from dragoman.engine.testrun import TestRuns
from dragoman.engine.tokens import Tokens
from dragoman.engine.trust import decide, is_trusted, verdict
from dragoman.engine.usage import today, usage
from dragoman.engine.workers import ThreadWorkers
from dragoman.lsp.capabilities import TAKEN
from dragoman.providers import DIALECTS, PRESETS
from dragoman.providers.base import Target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from datetime import date
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dragoman.core.errors import Download
    from dragoman.core.metrics import By
    from dragoman.core.settings import Settings
    from dragoman.core.trust import Foreign, Seal
    from dragoman.core.usage import By as UsageBy
    from dragoman.engine.records import AttemptRecord


log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How often settings files are looked at for changes while orders come in."""


class App:
    """Everything one connection, or one command, works with: `core.ports.Services`. Made and used on one event loop."""

    def __init__(self, effective: Effective, environment: Mapping[str, str], assignments: Sequence[str]) -> None:
        self.environment = environment
        self.effective = effective
        self.workers = ThreadWorkers()
        self.transport = HttpTransport(self.workers, effective.settings.network)
        self.answers = AnswerFolder(self.workers)
        self.page = LivePage(self.workers)
        self._ignores = Ignores()
        self.repository = Git(environment)
        self.patterns = ChildPatterns()
        self._assignments = tuple(assignments)
        self._editor = EditorSettings()
        self._stamp: Stamp = ()
        self._next_look = 0.0
        self.logins = DeviceLogins(self.transport, LoopClock())
        self.key_stores = key_stores(environment)
        self._renewal = LoginRenewal(self.logins.renewed)
        self.keys = self._new_keys({})
        self.access = FullAccess(self.transport, self.workers, self.environment)
        clock = LoopClock()
        self._notices: list[Problem] = []
        self.store = ChosenStore(clock.now, self._notice)
        self._standings = Standings(self.store, clock)
        self.metrics = Metrics(self.store)
        models = ModelLists(self.transport, clock)
        self._prober = Prober(self.store, models, self.access, clock)
        self._spending = Spending(self.store)
        self._audit = Audit(partial(self._notice, source="the audit log"))
        self.ledger = Ledger(partial(self._notice, source="the ledger"))
        self.cache = Cache(self.workers)
        near = NearQuestions(
            self.cache, lambda question: self.embeddings.embed((question,), local_only=True), self.workers
        )
        self.tokens = Tokens(self.workers)
        self.completer = Engine(
            effective.settings,
            self.transport,
            self.keys,
            standings=self._standings,
            on_attempt=self._attempted,
            access=self.access,
            models=models,
            prober=self._prober,
            spending=self._spending,
            ledger=self.ledger,
            audit=self._audit,
            reuse=Reuse(self.cache, clock, near),
            tokens=self.tokens,
        )
        self.filler = Filling(self.completer, effective.settings)
        self.embeddings = Embeddings(
            effective.settings,
            self.transport,
            self.keys,
            self.workers,
            standings=self._standings,
            on_attempt=self._attempted,
            access=self.access,
            spending=self._spending,
            ledger=self.ledger,
            audit=self._audit,
        )

    @classmethod
    async def open(
        cls,
        assignments: Sequence[str] = (),
        *,
        roots: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> App:
        """An app with the settings of its files, its environment and the command line's `--set` assignments."""
        effective = parse((), presets=_PRESET_DIALECTS, dialects=tuple(DIALECTS))
        app = cls(effective, environment if environment is not None else dict(os.environ), assignments)
        await app.configure(EditorSettings(roots=tuple(roots)))
        return app

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.effective.settings

    @cached_property
    def known_secrets(self) -> frozenset[str]:
        """Texts that are to be hidden wherever they stand in what is sent."""
        return secrets_of(self.environment)

    @property
    def foreign(self) -> Sequence[Foreign]:
        """See `core.ports.Services`."""
        return self.effective.foreign

    async def trust(self, seal: Seal, *, trusted: bool) -> None:
        """See `core.ports.Services`."""
        await self.workers.run(lambda: decide(seal, trusted=trusted))

    def files(self, roots: Sequence[str]) -> ProjectFiles:
        """The files of these folders."""
        return ProjectFiles(roots, self.workers, self._ignores, self.settings.privacy.local_only)

    @property
    def test_runner(self) -> TestRuns:
        """See `core.ports.Services`."""
        store = self.settings.store.removeprefix("env:")  # whose address may hold a password
        environment = {name: value for name, value in self.keys.environment_without_keys.items() if name != store}
        return TestRuns(self.workers, environment, user_cache_path("dragoman") / "tests", self.settings.tests.timeout_s)

    async def configure(self, editor: EditorSettings) -> Sequence[Problem]:
        """Take what the editor says and read the settings files again. Returns everything that is wrong."""
        self._editor = editor
        self.effective, self._stamp = await self.workers.run(self._read)
        self.keys = self._new_keys(await self.workers.run(lambda: stored_keys(index_path(self.environment))))
        self.transport.use(self.effective.settings.network)
        self.store.use(self.effective.settings.store, self.environment)
        self.ledger.use(None if self.store.kind == "memory" else user_state_path("dragoman") / LEDGER_FILE)
        self.cache.use(self.effective.settings.cache, self.effective.settings.store, self.environment)
        self.completer.use(self.effective.settings, self.keys)
        self.filler.use(self.effective.settings, self.keys)
        self.embeddings.use(self.effective.settings, self.keys)
        return (*self.effective.problems, *self.noticed())

    def noticed(self) -> list[Problem]:
        """What has gone wrong behind everybody's back since the last look."""
        noticed, self._notices = self._notices, []
        return noticed

    def _notice(self, text: str, source: str = "the shared store") -> None:
        log.warning("%s", text)
        self._notices.append(Problem(source, None, "store", text))

    async def refresh(self) -> Sequence[Problem]:
        """Read the settings files again where one has changed. Returns everything that is wrong, else what is new.

        Looks at most every few seconds: a person who has just saved a file does not outrun it.
        """
        now = LoopClock().now()
        if now < self._next_look:
            return self.noticed()
        self._next_look = now + LOOK_SECONDS
        present = await self.workers.run(self._look)
        return await self.configure(self._editor) if present != self._stamp else self.noticed()

    async def download(self, wanted: Download) -> AsyncGenerator[Downloading, None]:
        """See `core.ports.Services`."""
        endpoint = next(
            (
                endpoint
                for endpoint in endpoints(self.settings, Intent.CODE, (wanted.provider,))
                if (endpoint.place.provider, endpoint.place.endpoint) == (wanted.provider, wanted.endpoint)
            ),
            None,
        )
        if endpoint is None or not can_pull(endpoint.place.dialect):
            raise BadInput(f"{wanted.provider} takes no orders to download a model: only Ollama does.")
        secret = await self.keys.secret(wanted.provider)
        target = Target(wanted.provider, wanted.endpoint, wanted.model, secret, endpoint.options)
        steps = pull(endpoint.place.dialect, target, self.transport, connect_seconds=endpoint.timeouts.connect)
        async with aclosing(steps):
            async for step in steps:
                share = step.completed / step.total if step.total and step.completed is not None else None
                yield Downloading(step.status, share)

    async def status(self, days: int = 1, by: By = "provider") -> dict[str, Any]:
        """How everything stands; see docs/protocol.md."""
        day = today()
        spent = await self.usage(day, day)
        return {
            **await status(self.store, self.metrics, days, by),
            "spentToday": spent["total"],
            "budgets": spent["budgets"],
            "ledgerProblem": spent["ledgerProblem"],
        }

    async def usage(self, first: date, last: date, by: UsageBy = "provider") -> dict[str, Any]:
        """What was spent from one day to another on this machine, and what the budgets have left; see docs/costs.md."""
        return await usage(self.ledger, self._spending, self.settings, first, last, by)

    async def close(self) -> None:
        """Close every connection, and end every process that was started."""
        await self.page.close()
        self.tokens.close()
        await self._prober.close()
        self._standings.close()
        self.metrics.flush()
        await self.ledger.close()
        await self._audit.close()
        await self.store.close()
        await self.cache.close()
        await self.transport.close()
        await self.access.close()
        self.workers.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _attempted(self, record: AttemptRecord) -> None:
        self.metrics.attempted(record)
        if record.outcome == Authentication.kind:
            self.keys.forget(record.provider)  # a key that was refused is looked up anew: it may have been replaced

    def _read(self) -> tuple[Effective, Stamp]:
        # The stamp is taken first: a file that changes while it is read is then read again.
        before = self._look_at_settings()
        trusts = is_trusted if self._editor.trusts_workspace else trusts_nobody
        # An editor mixes what a project's own folder says (.vscode/settings.json) into what it answers.
        answered = editor_layer("the editor's settings", dict(self._editor.configuration))
        layers = read_layers(
            self.environment,
            self._editor.roots,
            (
                editor_layer("the editor's initializationOptions", dict(self._editor.initialization_options)),
                replace(answered, trusted=self._editor.trusts_workspace),
            ),
            self._assignments,
            trusts,
        )
        effective = parse(layers, presets=_PRESET_DIALECTS, dialects=tuple(DIALECTS), taken=TAKEN)
        before += stamp(prompt_paths(effective, self._config_folder))
        effective = with_prompts(effective, self._config_folder, self._ignores)
        undecided = tuple(
            file for file in effective.foreign if self._editor.trusts_workspace and verdict(file.seal) is None
        )
        settings = with_addresses(effective.settings, self.environment)
        return replace(effective, settings=settings, foreign=undecided), before

    def _look(self) -> Stamp:
        return self._look_at_settings() + stamp(prompt_paths(self.effective, self._config_folder))

    def _look_at_settings(self) -> Stamp:
        # A key that was stored, changed or deleted counts as a change of settings.
        return stamp((*watched_paths(self.environment, self._editor.roots), index_path(self.environment)))

    @property
    def _config_folder(self) -> Path:
        return config_path(self.environment).parent

    def _new_keys(self, stored: Mapping[str, str]) -> Keys:
        specs = key_specs(self.effective.settings, PRESETS, stored)
        return Keys(specs, self.environment, LoopClock(), self.key_stores, renewal=self._renewal)


_PRESET_DIALECTS: Mapping[str, str] = MappingProxyType({name: preset.dialect for name, preset in PRESETS.items()})
