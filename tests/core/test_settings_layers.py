"""Layers out of text, and lines in TOML."""

import pytest

from dragoman.core.settings_layers import Problem, dotted, editor_layer, line_of, toml_layer

TEXT = '''\
# connect = 0
store = "x"
[timeouts]
connect = 5
"first_token" = 6

[routing.intents]
code = [
  "a", "connect = 1",
]
[ providers . "my server" ]
model = """
[timeouts]
total = 1
"""
timeouts = { silence = 3 }
timeouts.total = 4
a.'b.c'.d = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("store",), 2),
        (("timeouts",), 3),
        (("timeouts", "connect"), 4),
        (("timeouts", "first_token"), 5),
        (("timeouts", "total"), 3),
        (("routing", "intents", "code"), 8),
        (("providers", "my server", "model"), 12),
        (("providers", "my server", "timeouts", "silence"), 16),
        (("providers", "my server", "timeouts", "total"), 17),
        (("providers", "my server", "a", "b.c", "d"), 18),
        (("nowhere",), None),
    ],
)
def test_line_of_a_key(path, line):
    """A key's line is where it is set, or where its nearest table begins; strings and comments don't count."""
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("[a\n", 1), ("x = 1\nx = 2\n", 2), ("a = '''\n\n", 3), ("\n\na = [1,\n", 4)],
)
def test_broken_toml_is_one_problem_with_its_line(text, line):
    """A text that is no TOML is one problem that gives the line and says that nothing in it has effect."""
    layer = toml_layer("config.toml", text)
    (problem,) = layer.problems
    assert layer.raw is None
    assert problem.line == line
    assert "nothing in it has effect" in str(problem)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a." * 3000 + "a = 1", "a = " + "9" * 5000, "\x00", "a = 1\r b"])
def test_hostile_toml_is_a_problem_or_a_layer(text):
    """Text that is made to break a parser gives a layer, never an exception."""
    layer = toml_layer("config.toml", text)
    assert layer.problems or isinstance(layer.raw, dict)


def test_broken_toml_keeps_trust():
    """A foreign file that can't be read is still foreign."""
    assert toml_layer("x", "=", trusted=False).trusted is False


def test_dotted_and_nested_options_are_merged():
    """Dotted and nested options for the same table come together."""
    layer = editor_layer("editor", {"a.b": 1, "a": {"c": 2, "d.e": 3}, "a.d.f": 4})
    assert layer.raw == {"a": {"b": 1, "c": 2, "d": {"e": 3, "f": 4}}}


def test_options_of_the_editor_are_left_alone():
    """Expanding dotted keys does not change what the editor sent."""
    options = {"a": {"b": {"c": 1}}, "a.b.d": 2}
    editor_layer("editor", options)
    assert options == {"a": {"b": {"c": 1}}, "a.b.d": 2}


def test_key_is_spelt_as_toml():
    """A key is shown as it can be written, on one line."""
    assert dotted(("providers", "my-server", "a b", "c\n")) == 'providers.my-server."a b"."c\\n"'


def test_problem_is_one_sentence():
    """A problem reads as source, line, message and what was meant."""
    assert str(Problem("f", 3, "a.b", "unknown key a.b", "a.c")) == "f line 3: unknown key a.b; did you mean a.c?"
    assert str(Problem("f", None, "", "is not TOML")) == "f: is not TOML"
