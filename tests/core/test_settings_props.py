"""Whatever is written into settings, they can be parsed, and nothing secret is said back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.settings import Settings
from dragoman.core.settings_layers import Layer, editor_layer, line_of, toml_layer
from dragoman.core.settings_parse import parse
from dragoman.core.settings_schema import keys

PRESETS = {"ollama": "ollama", "anthropic": "anthropic", "openai": "openai"}
DIALECTS = ("anthropic", "ollama", "openai")
KEY = "sk-proj-Zt9pQ4mW7xKe2LrBnV5c"
RIGHT = {
    "timeouts": {"connect": 1.5, "silence": 4},
    "retry": {"max_retries": 1},
    "providers": {"ollama": {"model": "x", "timeouts": {"total": 90}}},
    "routing": {"intents": {"code": ["openai"]}},
}

paths = [part for key in keys() for part in key.path if part != "*"]
names = [*sorted(set(paths)), "ollama", "code", "budget", "api_key", "a.b", "", "é\n"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["code", "openai", "env:A_B"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(names) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
tables = st.dictionaries(st.sampled_from(names) | st.text(max_size=8), values, max_size=6)


def read(*layers):
    """What the layers make, with a few presets."""
    return parse(layers, presets=PRESETS, dialects=DIALECTS)


@settings(deadline=None)
@given(st.lists(st.tuples(values, st.booleans(), st.booleans()), max_size=3))
def test_anything_can_be_parsed(raws):
    """Any nested values in any layers give settings, and problems of one line each."""
    effective = read(*(Layer("source", raw, "", trusted, loose) for raw, trusted, loose in raws))
    assert isinstance(effective.settings, Settings)
    assert set(effective.sources.values()) <= {"source"}
    assert all(len(str(problem).splitlines()) == 1 for problem in effective.problems)


@settings(deadline=None)
@given(tables)
def test_editor_may_send_anything(options):
    """Any JSON object from an editor gives settings."""
    assert isinstance(read(editor_layer("editor", options)).settings, Settings)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_layer(text):
    """Any text as a file gives settings; what is no TOML has one problem with a line."""
    layer = toml_layer("file", text)
    assert isinstance(read(layer).settings, Settings)
    assert all(problem.line for problem in layer.problems)


def with_keys(value):
    """The value with a key in place of every null and switch, alone or in a list."""
    if isinstance(value, dict):
        return {name: with_keys(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_keys(inner) for inner in value]
    if isinstance(value, bool):
        return [KEY] if value else f"{KEY}\n"
    return KEY if value is None else value


@settings(deadline=None)
@given(tables.map(with_keys))
def test_misplaced_key_is_never_said(table):
    """A key in whatever place is in no message and in no repr but that of the setting which took it for its value."""
    layer = Layer("source", table)
    effective = read(layer)
    assert KEY not in repr((layer, effective.problems, effective.sources))
    assert not any(KEY in str(problem) for problem in effective.problems)


@settings(deadline=None)
@given(tables)
def test_garbage_after_right_settings_undoes_none(garbage):
    """Unknown keys beside right ones leave these in effect."""
    unknown = {f"x{key}": value for key, value in garbage.items()}
    assert read(Layer("source", RIGHT | unknown)).settings == read(Layer("source", RIGHT)).settings


@settings(deadline=None)
@given(st.text(), st.lists(st.text(max_size=5), max_size=4).map(tuple))
def test_line_is_in_the_text(text, path):
    """A line that is found is one of the text's."""
    line = line_of(text, path)
    assert line is None or 1 <= line <= text.count("\n") + 1
