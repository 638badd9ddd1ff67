"""Secrets on their way: none is sent, whatever it stands in, and each comes back where it belongs."""

from __future__ import annotations

from random import Random

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers, diff, fitted
from dragoman.actions import ACTIONS, action
from dragoman.actions.base import AnswerResult, Diagnostic, EditResult, Scene
from dragoman.actions.hiding import hide
from dragoman.actions.perform import complete
from dragoman.actions.prepare import prepare
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.chat import TextDelta, system, user
from dragoman.core.errors import UnusableReply
from dragoman.core.events import Reset
from dragoman.core.hints import Hints
from dragoman.core.redact import INSTRUCTION
from dragoman.core.text import Position, Range, Snapshot
from planted_secrets import ALNUM, BASE64, leaks


def token(number):
    """A secret, made up on the spot; the same for the same number."""
    return "ghp" + "_" + "".join(Random(f"hiding {number}").choices(ALNUM, k=36))


def key_lines(number=40):
    """The body of a private key."""
    random = Random("key")
    return ["".join(random.choices(BASE64, k=64)) for _ in range(number)]


SECRETS = {
    place: token(place)
    for place in (
        "target",
        "around",
        "imports",
        "instruction",
        "diagnostic",
        "AGENTS",
        "tests",
        "far",
        "framework",
        "changes",
    )
}
TEXT = f"""\
import os as {SECRETS["imports"]}
FAR = "{SECRETS["far"]}"


def before():
    return "{SECRETS["around"]}"


def f(a):
    b = "{SECRETS["target"]}"
    return a + b


def after():
    return "{SECRETS["around"]}"
"""
HERE = Range(Position(9, 4), Position(9, 4))
FILES = {
    "/project/f.py": TEXT,
    "/project/AGENTS.md": f"Use {SECRETS['AGENTS']} to log in.",
    "/project/tests/test_f.py": f"def test_f():\n    assert '{SECRETS['tests']}'\n",
    "/project/pyproject.toml": f"[tool.pytest]\nkey = '{SECRETS['framework']}'\n",
}


def scene(text=TEXT, at=HERE, **more):
    """A moment at which everything holds a secret."""
    defaults = {
        "diagnostics": (Diagnostic(HERE, f"unused {SECRETS['diagnostic']}"),),
        "instruction": f"log in with {SECRETS['instruction']}",
        "path": "/project/f.py",
        "root": "/project",
    }
    return Scene(Snapshot.of(text, language="python"), at, **{**defaults, **more})


class Session:
    """One action's course: what was asked, what was told, what came of it."""

    def __init__(self, name, replies=(), *, of=None, known=(), redact=True, size=7):
        self.completer = FakeCompleter(replies, size=size)
        self.events = []
        changes = FakeRepository(diff(**{"f.py": TEXT, "new.py": f"x = '{SECRETS['changes']}'"}))
        self.tools = Tools(self.completer, FakeFiles(FILES), FakeWorkers(), changes, known)
        self.preferences = Preferences(instructions=("AGENTS.md",), redact=redact)
        self.action, self.scene = action(name), of or fitted(name, scene())

    async def prepared(self):
        return await prepare(self.action, self.scene, self.tools, self.preferences, Hints())

    async def performed(self, prepared=None):
        async def on_event(event):
            self.events.append(event)

        return await complete(prepared or await self.prepared(), self.tools, on_event, job_id="1")

    @property
    def sent(self):
        return "\n".join(message.text for job in self.completer.jobs for message in job.request.messages)

    @property
    def told(self):
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))


def placeholder(prepared, secret):
    """What stands for it in the messages."""
    return next(name for name, hidden in prepared.hidden.sent.entries if hidden == secret)


@pytest.mark.parametrize("name", [each.name for each in ACTIONS])
async def test_no_action_sends_a_secret(name):
    """From whatever source a secret comes (target, surroundings, imports, instruction, diagnostics, the project's own
    instructions, existing tests), no action sends it, nor a telling part of it; and the model is told of placeholders.
    """
    session = Session(name, ["I see.", "```python\ndef f(a):\n    return a\n```", "x"])
    prepared = await session.prepared()
    sent = "\n".join(message.text for message in prepared.job("1", Hints()).request.messages)
    quoted = {secret for _, secret in prepared.hidden.sent.entries}
    assert SECRETS["target"] in quoted
    for secret in SECRETS.values():
        assert not leaks(secret, sent + prepared.job("1", Hints()).question)
    assert INSTRUCTION in prepared.messages[0].text
    assert {found.kind for found in prepared.hidden.found} == {"GitHub token"}
    shown = Session(name, redact=False)
    raw = "\n".join(message.text for message in (await shown.prepared()).messages)
    assert {secret for secret in SECRETS.values() if secret in raw} == quoted, "what is not hidden was never quoted"
    assert not any(secret in repr(prepared.hidden) + str(shown.tools) for secret in SECRETS.values())


async def test_every_source_is_tried():
    """Together the actions quote a secret from each source but a file that is only searched for a name."""
    quoted = set()
    for each in ACTIONS:
        quoted |= {secret for _, secret in (await Session(each.name).prepared()).hidden.sent.entries}
    assert quoted == set(SECRETS.values()) - {SECRETS["framework"]}


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_secrets_come_back_as_the_answer_streams(size):
    """However the answer is cut into pieces, the person sees secrets in their places, and never a placeholder."""
    session = Session("refactor", size=size)
    prepared = await session.prepared()
    name = placeholder(prepared, SECRETS["target"])
    session.completer.replies = [f'```python\ndef f(a):\n    return a + "{name}"\n```']
    result = await session.performed(prepared)
    assert isinstance(result, EditResult)
    assert (result.text, result.problem) == (f'def f(a):\n    return a + "{SECRETS["target"]}"', None)
    assert SECRETS["target"] in session.told
    assert "REDACTED" not in session.told
    assert SECRETS["target"] not in prepared.told(result)
    assert name in prepared.told(result)


async def test_an_answer_speaks_of_the_secret_itself():
    """An explanation names what the person knows, not our word for it."""
    session = Session("explain")
    prepared = await session.prepared()
    session.completer.replies = [f"It returns `{placeholder(prepared, SECRETS['target'])}`."]
    assert await session.performed(prepared) == AnswerResult(f"It returns `{SECRETS['target']}`.\n")


async def test_a_reset_starts_anew():
    """Half a placeholder before a failover is no part of what comes after it."""
    session = Session("explain")
    prepared = await session.prepared()
    name = placeholder(prepared, SECRETS["target"])
    session.completer.replies = [[TextDelta(f"It is {name[:6]}"), Reset("cut"), TextDelta(f"{name[6:]} {name}.")]]
    assert await session.performed(prepared) == AnswerResult(f"{name[6:]} {SECRETS['target']}.\n")
    assert session.told == f"It is {name[6:]} {SECRETS['target']}."


async def test_a_second_question_sends_none_either():
    """The model's own answer goes back to it as it wrote it, and the error is told without the secret it quotes."""
    session = Session("refactor")
    prepared = await session.prepared()
    name = placeholder(prepared, SECRETS["target"])
    good = f'```python\ndef f(a):\n    return a + "{name}"\n```'
    session.completer.replies = [f"```python\ndef f(a:\n    {name} {name} (\n```", good]
    result = await session.performed(prepared)
    assert result.problem is None
    assert len(session.completer.jobs) == 2
    assert name in session.completer.jobs[1].request.messages[2].text
    assert not any(leaks(secret, session.sent) for secret in SECRETS.values())


@pytest.mark.parametrize("garble", [str.lower, lambda name: name[:-1] + "Z_9", lambda name: name.replace("_", "-")])
async def test_a_garbled_placeholder_is_asked_for_again(garble):
    """What a model made of a placeholder is no code: it is asked once more, with the right words."""
    session = Session("refactor")
    prepared = await session.prepared()
    name = placeholder(prepared, SECRETS["target"])
    code = '```python\ndef f(a):\n    return a + "{}"\n```'
    session.completer.replies = [code.format(garble(name)), code.format(name)]
    result = await session.performed(prepared)
    assert result.problem is None
    assert SECRETS["target"] in result.text
    assert name in session.completer.jobs[1].request.messages[3].text
    assert any(isinstance(event, Reset) for event in session.events)


async def test_a_garbled_placeholder_is_never_silently_in_the_code():
    """When it stays garbled the result is a problem that names it: it is offered, and not applied."""
    session = Session("refactor")
    prepared = await session.prepared()
    garbled = placeholder(prepared, SECRETS["target"]).lower()
    session.completer.replies = [f'```python\ndef f(a):\n    return a + "{garbled}"\n```'] * 2
    result = await session.performed(prepared)
    assert garbled in result.problem
    assert "\n" not in result.problem


async def test_a_part_of_a_key_is_hidden_too():
    """Of a private key that is quoted only in part, without what gives it away, no line is sent."""
    lines = key_lines()
    begin, end = ("-----" + word + " PRIVATE KEY-----" for word in ("BEGIN", "END"))
    text = "\n".join(['KEY = """' + begin, *lines, end + '"""', "", ""])
    selection = Range(Position(15, 0), Position(20, 10))
    prepared = await Session("explain", of=scene(text, selection, diagnostics=())).prepared()
    sent = "\n".join(message.text for message in prepared.messages)
    assert "KEY = " in sent
    assert not [line for line in lines if line in sent]


async def test_known_secrets_are_hidden_wherever_they_stand():
    """A secret that looks like nothing is hidden because it is known."""
    plain = "correcthorsebatterystaple"
    session = Session(
        "explain", of=scene(f"x = 1  # {plain}\n", Range(Position(0, 0), Position(0, 40))), known=(plain,)
    )
    prepared = await session.prepared()
    assert plain not in "".join(message.text for message in prepared.messages)
    assert plain not in repr(session.tools)


async def test_switched_off_everything_is_sent_and_still_not_logged():
    """With privacy.redact off the person's word counts for what is sent; a log shows no secret even so."""
    session = Session("refactor", redact=False)
    prepared = await session.prepared()
    assert SECRETS["target"] in prepared.messages[1].text
    assert INSTRUCTION not in prepared.messages[0].text
    assert not any(secret in repr(prepared.asked()) for secret in SECRETS.values())
    assert SECRETS["target"] not in prepared.told(AnswerResult(SECRETS["target"]))


def test_a_secret_that_only_the_document_gives_away():
    """Where a value is named a password in one place, it is hidden in another where nothing says so."""
    secret = "".join(Random("doc").choices(ALNUM, k=20))
    hidden = hide((system("rules"), user(f"call({secret!r})")), f'password = "{secret}"\n')
    assert secret not in hidden.messages[1].text
    assert hidden.revealed(hidden.messages[1].text) == f"call({secret!r})"


def test_nothing_hidden_changes_nothing():
    """Messages without a secret are sent as they are, whatever else the file holds."""
    messages = (system("rules"), user("x = 1"))
    hidden = hide(messages, f"token = {token(1)}")
    assert hidden.messages == messages
    assert hidden.sent.entries == hidden.found == ()
    assert hidden.mangled("REDACTED_1_TOKEN") == ()
    assert hidden.revealed("REDACTED_1_TOKEN") == "REDACTED_1_TOKEN", "what was not sent is not given away either"


async def test_an_error_quotes_no_secret():
    """Where a reply is of no use the person reads why, with what the model wrote for a secret."""
    session = Session("refactor")
    prepared = await session.prepared()
    session.completer.replies = [f"No. {placeholder(prepared, SECRETS['target'])} should not be there."] * 2
    with pytest.raises(UnusableReply) as refused:
        await session.performed(prepared)
    assert "should not" in str(refused.value)
    assert not leaks(SECRETS["target"], str(refused.value))
