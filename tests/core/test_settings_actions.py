"""`[actions.NAME]` in the settings: a bad one is named in one line, and never hides the others."""

from __future__ import annotations

import pytest

from dragoman.core.intent import Intent
from dragoman.core.settings_layers import Severity, editor_layer, toml_layer
from dragoman.core.settings_parse import parse
from dragoman.core.trust import Seal, Wish
from dragoman.lsp.capabilities import COMMANDS, TAKEN

GOOD = '[actions.good]\nprompt = "Do it."\n'
SEAL = Seal("/project/.dragoman.toml", "0" * 64)


def read(*texts, foreign=""):
    """What files come to, the last one of a project that nobody trusts."""
    layers = [toml_layer("config.toml", text) for text in texts]
    if foreign:
        layers.append(toml_layer(".dragoman.toml", foreign, trusted=False, seal=SEAL))
    return parse(layers, presets={"ollama": "ollama"}, dialects=("ollama",), taken=TAKEN)


def test_an_action_with_everything():
    """All that can be said of an action is taken as it is said."""
    effective = read(
        """
        [actions.check-names]
        title = "Check names"
        prompt = "Are the names right?"
        result = "findings"
        languages = ["python", "go"]
        kind = "quickfix"
        intent = "analysis"
        provider = "ollama"
        model = "small"
        """
    )
    assert effective.problems == ()
    (own,) = effective.settings.actions.values()
    assert (own.title, own.prompt, own.result, own.languages) == (
        "Check names",
        "Are the names right?",
        "findings",
        ("python", "go"),
    )
    assert (own.kind, own.intent, own.provider, own.model) == ("quickfix", Intent.ANALYSIS, "ollama", "small")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[actions.x]", 1, "actions.x wants prompt, or prompt_file"),
        ('[actions.x]\ntitle = "X"', 1, "actions.x wants prompt, or prompt_file"),
        ('[actions.x]\nprompt = ""', 2, "actions.x.prompt"),
        ('[actions.x]\nprompt = "p"\nresult = "song"', 3, 'wants one of "edit", "answer", "findings"'),
        ('[actions.x]\nprompt = "p"\ntitle = "a\\nb"', 3, "wants one line of at most 80 characters"),
        ('[actions.x]\nprompt = "p"\nprovider = "olama"', 3, 'no provider is called "olama"; did you mean ollama?'),
        ('[actions.x]\nprompt = "p"\nlanguage = "go"', 3, "unknown key actions.x.language; did you mean"),
        ('[actions.explain]\nprompt = "p"', 1, "actions.explain: this name is taken"),
        ('[actions.cancel]\nprompt = "p"', 1, "actions.cancel: this name is taken"),
        ('[actions."kept.apply"]\nprompt = "p"', 1, "this name is taken"),
        ('[actions."a.b"]\nprompt = "p"', 1, "an action's name is made of small letters"),
        ('[actions.Big]\nprompt = "p"', 1, "an action's name is made of small letters"),
        ('[actions."ä"]\nprompt = "p"', 1, "a name is made of letters"),
        ("actions.x = 1", 1, "actions.x wants a table"),
    ],
)
def test_a_bad_one_is_named_and_hides_no_other(text, line, words):
    """Each is told once, with its line, and is not offered; the others are."""
    effective = read(f"{text}\n{GOOD}")
    (problem,) = effective.problems
    assert words in str(problem)
    assert "\n" not in str(problem)
    assert (problem.line, problem.severity) == (line, Severity.WARNING)
    assert list(effective.settings.actions) == ["good"]


@pytest.mark.parametrize("name", sorted(name for name in TAKEN if "." not in name))
def test_every_name_of_ours_is_taken(name):
    """An action can't pass itself off as one of those that are built in, or as a command."""
    assert read(f'[actions.{name}]\nprompt = "p"').settings.actions == {}
    assert f"dragoman.{name}" in COMMANDS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('prompt = "p"\nprompt_file = "p.md"', "actions.x.prompt_file has no effect beside actions.x.prompt"),
        ('prompt = "{selektion}"', "{selektion} is no placeholder and stays as it is; did you mean {selection}?"),
    ],
)
def test_what_is_odd_is_told_and_offered(text, words):
    """What can be worked with all the same is."""
    effective = read(f"[actions.x]\n{text}")
    assert [words in str(problem) for problem in effective.problems] == [True]
    assert list(effective.settings.actions) == ["x"]


@pytest.mark.parametrize("prompt", ["{selection}", "f'{name}'", "{x: 1}", "{ selection }", "{}", "{{}}"])
def test_braces_that_are_nobodys_business(prompt):
    """Prompts quote code: braces are told of only where a placeholder was meant."""
    assert read(f'[actions.x]\nprompt = "{prompt}"').problems == ()


def test_later_layers_change_an_action_key_by_key():
    """The editor may change the title alone of an action that a file has."""
    layers = [toml_layer("config.toml", GOOD), editor_layer("the editor", {"actions": {"good": {"title": "Better"}}})]
    effective = parse(layers, presets={}, dialects=())
    assert effective.problems == ()
    assert (effective.settings.actions["good"].title, effective.settings.actions["good"].prompt) == ("Better", "Do it.")


def test_prompt_files_wait_to_be_read():
    """An action with a prompt file waits for its text; one with a prompt as well does not."""
    effective = read(f'{GOOD}[actions.filed]\nprompt_file = "p.md"\n[actions.both]\nprompt = "p"\nprompt_file = "q.md"')
    assert {name: choice.value for name, choice in effective.prompt_files.items()} == {"filed": "p.md"}


def test_a_project_that_nobody_trusts():
    """It may bring actions, but none that says who is asked; what it may not set is a wish."""
    effective = read(foreign='[actions.x]\nprompt = "p"\nresult = "answer"\nprovider = "ollama"\nintent = "general"')
    own = effective.settings.actions["x"]
    assert (own.prompt, own.result, own.provider, own.intent) == ("p", "answer", None, None)
    (file,) = effective.foreign
    assert file.wishes == (Wish("actions.x.provider", "ollama"), Wish("actions.x.intent", "general"))
    assert {problem.severity for problem in effective.problems} == {Severity.NOTE}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('title = "Explain"', "Explain (project)"),
        ("", "evil (project)"),
        (f'title = "{"x" * 80}"', f"{'x' * 60} (project)"),
    ],
)
def test_nobody_takes_a_projects_action_for_a_built_in_one(text, title):
    """The title of an action that came with an untrusted project says so; with trust it is as it was written."""
    foreign = f'[actions.evil]\nprompt = "p"\n{text}'
    assert read(foreign=foreign).settings.actions["evil"].title == title
    assert not (read(foreign).settings.actions["evil"].title or "").endswith("(project)")


@pytest.mark.parametrize("key", ["title", "prompt", "prompt_file", "kind"])
def test_a_project_that_nobody_trusts_leaves_my_actions_alone(key):
    """What the person has named stays what they have made of it, whoever wrote the project."""
    value = "quickfix" if key == "kind" else "evil.md"
    effective = read(GOOD, foreign=f'[actions.good]\n{key} = "{value}"')
    assert effective.settings.actions == read(GOOD).settings.actions
    assert effective.prompt_files == {}
    (problem,) = effective.problems
    assert "an untrusted project may not change an action of yours" in str(problem)


@pytest.mark.parametrize("path", ["../p.md", "/etc/passwd.md", "~/p.md", ".env", "a/../../p.md", "C:\\p.md"])
def test_prompt_files_of_a_project_that_nobody_trusts(path):
    """It names only text files of its own."""
    effective = read(foreign=f"[actions.x]\nprompt_file = '{path}'")
    assert effective.settings.actions == {}
    assert effective.prompt_files == {}
