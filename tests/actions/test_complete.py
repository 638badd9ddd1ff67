"""Inline completion up to the question: whom a text may go to, and that none of its secrets is in what is shown."""

from __future__ import annotations

from random import Random

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers
from dragoman.actions.complete import question_at
from dragoman.actions.prepared import Preferences, Tools
from dragoman.core.errors import BadInput
from dragoman.core.ports import Disclosure
from dragoman.core.redact import restore
from dragoman.core.text import Snapshot
from planted_secrets import ALNUM, BASE64

PATH = "/project/a.py"
TOKEN = "ghp" + "_" + "".join(Random("inline").choices(ALNUM, k=36))


async def asked(source, *, rules=None, preferences=None, known=()):
    """The question at the `|` of a Python file."""
    at = source.index("|")
    snapshot = Snapshot.of(source[:at] + source[at + 1 :], language="python")
    tools = Tools(FakeCompleter([]), FakeFiles(rules=rules), FakeWorkers(), FakeRepository(), known)
    return await question_at(snapshot, snapshot.position(at), PATH, tools, preferences or Preferences())


async def test_of_a_withheld_file_nothing_is_asked():
    """The person is told why, and no text is looked at."""
    with pytest.raises(BadInput, match="holds secrets"):
        await asked("x = |\n", rules={PATH: Disclosure("a.py holds secrets")})


async def test_what_is_kept_local_is_marked():
    """A file that may go to local providers alone says so with its question."""
    assert (await asked("x = |\n", rules={PATH: Disclosure(local_only=True)})).local_only
    assert not (await asked("x = |\n")).local_only


async def test_a_secret_is_shown_as_a_placeholder():
    """Secrets on both sides of the cursor are hidden from the model, and only from it."""
    question = await asked(f'a = "{TOKEN}"\nb = |\nc = "{TOKEN}"\n')
    assert TOKEN not in question.shown.prefix + question.shown.suffix
    assert question.gap.prefix == f'a = "{TOKEN}"\nb = '
    assert question.shown.prefix.endswith('"\nb = ')
    assert question.shown.suffix.startswith('\nc = "REDACTED_')
    assert restore(question.shown.prefix, question.secrets) == question.gap.prefix
    assert restore(question.shown.suffix, question.secrets) == question.gap.suffix


@pytest.mark.parametrize("cut", [1, 20, len(TOKEN)])
async def test_nothing_is_proposed_in_a_secret(cut):
    """Within a secret, and at its end, where it may be still being typed, no model is asked."""
    assert await asked(f'a = "{TOKEN[:cut]}|{TOKEN[cut:]}"\n') is None


async def test_right_before_a_secret_something_is_proposed():
    """What belongs before a secret can be asked for."""
    question = await asked(f'a = f(b, |"{TOKEN}")\n')
    assert question.shown.prefix == "a = f(b, "
    assert question.shown.suffix.startswith('"REDACTED_1_')


async def test_known_secrets_are_hidden_too():
    """What only this machine knows to be a secret is hidden where it stands."""
    question = await asked("a = 'plain words here'\nb = |\n", known=("plain words here",))
    assert "plain words" not in question.shown.prefix


async def test_a_key_that_is_shown_in_part_is_hidden():
    """Lines of a private key that begins above what is shown are hidden all the same."""
    random = Random("inline key")
    body = ["".join(random.choices(BASE64, k=64)) for _ in range(200)]
    begin, end = (f"-----{word} RSA PRIVATE " + "KEY-----" for word in ("BEGIN", "END"))
    question = await asked("\n".join(["key = '''", begin, *body, end, "'''", "x = |"]))
    assert begin not in question.gap.prefix
    assert body[-1] in question.gap.prefix
    assert not any(line in question.shown.prefix for line in body)


async def test_without_redaction_the_text_is_shown_as_it_is():
    """Whoever turned redaction off has it off here too."""
    question = await asked(f'a = "{TOKEN}"\nb = |\n', preferences=Preferences(redact=False))
    assert question.shown == question.gap
    assert TOKEN in question.shown.prefix


async def test_the_source_names_the_lines():
    """For the audit log a question says what is shown, by the file's name and its lines."""
    assert (await asked("a\nb\nc = |\nd\n")).source == "a.py:1-5"


async def test_inside_a_word_there_is_no_question():
    """Where nothing should be proposed nothing is asked."""
    assert await asked("fo|o\n") is None


async def test_a_small_budget_is_kept():
    """Whoever lets actions see little lets completions see as little."""
    source = "".join(f"value_{number} = compute({number})\n" for number in range(400)) + "x = |\n"
    usual, little = await asked(source), await asked(source, preferences=Preferences(max_context_tokens=200))
    assert len(little.shown.prefix) < len(usual.shown.prefix) / 4
