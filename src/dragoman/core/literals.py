"""How languages write text in their code: a literal's place, the text that it stands for, and another text in its place.
Never guesses: what holds variables, or is written in a way that is not known here, is no literal.
"""

# ruff: noqa: E501 - a table is read by its columns

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from dragoman.core.languages import language
from dragoman.core.text import Position, Range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.core.syntax import Syntax
    from dragoman.core.text import Snapshot

LONGEST_LINE = 1000
"""Lines of more code points are not searched for literals."""

_NODES = frozenset(
    {
        "string",
        "template_string",
        "regex",
        "string_literal",
        "raw_string_literal",
        "interpreted_string_literal",
        "verbatim_string_literal",
        "encapsed_string",
        "raw_string",
        "encapsed_string_literal",
    }
)
"""What grammars call a literal that may be one of ours."""


class _Rule(Enum):
    """What a backslash, or the closing mark, means inside."""

    BACKSLASH = auto()
    """Escapes; a backslash before anything else stays."""
    DROPPING = auto()
    """Escapes; a backslash before anything else goes."""
    SPARE = auto()
    """A backslash stands before itself and the mark; elsewhere it is one."""
    DOUBLED = auto()
    """The mark is written twice; a backslash is one."""
    RAW = auto()
    """All is as it stands, and the mark can't be written."""
    REGEX = auto()
    """A regular expression; a backslash before the mark is the expression's own."""
    OPAQUE = auto()
    """Not to be read: it is only known where it ends."""


@dataclass(frozen=True, slots=True)
class _Form:
    """One kind of literal. `pattern` has the groups `opening`, `body`, `closing` and, where there are some, `flags`.

    special: characters that want a backslash too. mark: how the closing mark is written inside, where it can be at all.
    dynamic: what in the body makes it more than a text.
    """

    pattern: str
    rule: _Rule
    special: str = ""
    mark: str = ""
    dynamic: str = ""

    def match(self, text: str, at: int = 0) -> re.Match[str] | None:
        return _compiled(self.pattern).match(text, at)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return _compiled(self.pattern).fullmatch(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _quoted(
    quote: str,
    rule: _Rule = _Rule.BACKSLASH,
    prefix: str = "",
    *,
    special: str = "",
    mark: str = "",
    dynamic: str = "",
    lines: bool = False,
    flags: bool = False,
) -> _Form:
    """A literal between two equal quotes. `lines`: it may go over several."""
    end = "" if lines else r"\n"
    inside = re.escape(quote[0])
    unquoted = rf"[^\\{inside}{end}]" if len(quote) == 1 else rf"(?!{re.escape(quote)})[^\\]"
    if rule is _Rule.DOUBLED:
        body = rf"(?:{inside}{inside}|[^{inside}{end}])*"
    elif rule is _Rule.RAW and mark != f"\\{quote[0]}":
        body = rf"[^{inside}{end}]*" if len(quote) == 1 else rf"(?:(?!{re.escape(quote)}).)*"
    else:  # in Python's raw strings too a backslash keeps the quote from closing
        body = rf"(?:\\.|{unquoted})*"
    after = "(?P<flags>[a-zA-Z]*)" if flags else ""
    pattern = rf"(?P<opening>{prefix}{re.escape(quote)})(?P<body>{body})(?P<closing>{re.escape(quote)}){after}"
    return _Form(pattern, rule, special, mark, dynamic)


def _slashed(prefix: str = "", *, special: str = "", dynamic: str = "") -> _Form:
    """A regular expression between slashes, with its flags behind."""
    body = r"(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+"
    pattern = rf"(?P<opening>{prefix}/)(?P<body>{body})(?P<closing>/)(?P<flags>[a-z]*)"
    return _Form(pattern, _Rule.REGEX, special, "\\/", dynamic)


def _braced(prefix: str, *, dynamic: str = "") -> _Form:
    """The same between braces, as Ruby and Perl have it; braces inside stand in pairs."""
    pattern = (
        rf"(?P<opening>{prefix}\{{)(?P<body>(?:\\.|\{{[^{{}}\n]*\}}|[^\\{{}}\n])*)(?P<closing>\}})(?P<flags>[a-z]*)"
    )
    return _Form(pattern, _Rule.REGEX, "", "", dynamic)


_B, _DROP, _SPARE, _TWICE, _RAW, _OPAQUE = (
    _Rule.BACKSLASH,
    _Rule.DROPPING,
    _Rule.SPARE,
    _Rule.DOUBLED,
    _Rule.RAW,
    _Rule.OPAQUE,
)
_UNESCAPED = r"(?<!\\)(?:\\\\)*"
_DOUBLE = _quoted('"')
_RAW_PREFIX = r"(?:[rR][bB]?|[bB][rR])"
_FORMATTED = r"(?:[fF][rR]?|[rR][fF])"
_CHARACTER = _quoted("'", _OPAQUE)
_JAVASCRIPT = (
    _slashed(),
    _quoted("'", _DROP),
    _quoted('"', _DROP),
    _quoted("`", _RAW, r"String\.raw", mark=r"\x60", dynamic=r"\$\{", lines=True),
    _quoted("`", _DROP, special="$", dynamic=rf"{_UNESCAPED}\$\{{", lines=True),
)
_C = (_quoted('"', prefix="(?:u8|[LuU])?"), _CHARACTER)
_JAVA = (_quoted('"""', lines=True), _DOUBLE, _CHARACTER)
_KOTLIN = (
    _quoted('"""', _RAW, mark=r"\x22", dynamic=r"\$[\w{]", lines=True),
    _quoted('"', special="$", dynamic=_UNESCAPED + r"\$[\w{]"),
    _CHARACTER,
)

_FORMS = MappingProxyType(
    {
        "python": (
            _quoted('"""', _OPAQUE, _FORMATTED, lines=True), _quoted("'''", _OPAQUE, _FORMATTED, lines=True),
            _quoted('"', _OPAQUE, _FORMATTED), _quoted("'", _OPAQUE, _FORMATTED),
            _quoted('"""', _RAW, _RAW_PREFIX, mark='\\"', lines=True), _quoted("'''", _RAW, _RAW_PREFIX, mark="\\'", lines=True),
            _quoted('"', _RAW, _RAW_PREFIX, mark='\\"'), _quoted("'", _RAW, _RAW_PREFIX, mark="\\'"),
            _quoted('"""', _B, "[bBuU]?", lines=True), _quoted("'''", _B, "[bBuU]?", lines=True),
            _quoted('"', _B, "[bBuU]?"), _quoted("'", _B, "[bBuU]?"),
        ),
        "javascript": _JAVASCRIPT, "javascriptreact": _JAVASCRIPT, "typescript": _JAVASCRIPT, "typescriptreact": _JAVASCRIPT,
        "vue": _JAVASCRIPT, "svelte": _JAVASCRIPT,
        "rust": (
            _Form(r"(?P<opening>b?')(?P<body>\\[^']+|[^\\'\n])(?P<closing>')", _OPAQUE),
            _Form(r'(?P<opening>b?r(?P<fence>#*)")(?P<body>(?:(?!"(?P=fence)).)*)(?P<closing>"(?P=fence))', _RAW, mark=r"\x22"),
            _quoted('"', prefix="b?", lines=True),
        ),
        "go": (_quoted("`", _RAW, mark=r"\x60", lines=True), _DOUBLE, _CHARACTER),
        "c": _C,
        "cpp": (
            _Form(r'(?P<opening>R"(?P<fence>[^()\\\s]*)\()(?P<body>(?:(?!\)(?P=fence)").)*)(?P<closing>\)(?P=fence)")', _RAW, mark=r"\x29"),
            *_C,
        ),
        "java": _JAVA,
        "csharp": (
            _quoted('"', _OPAQUE, r"(?:\$+@?|@\$)"), _quoted('"""', _RAW, mark=r"\x22", lines=True),
            _quoted('"', _TWICE, "@", lines=True), _DOUBLE, _CHARACTER,
        ),
        "kotlin": _KOTLIN,
        "scala": (_quoted('"', _OPAQUE, "[fs]"), _quoted('"""', _RAW, "(?:raw)?", mark=r"\x22", lines=True), _DOUBLE, _CHARACTER),
        "swift": (_slashed(), _quoted('"', _DROP, dynamic=_UNESCAPED + r"\\\(")),
        "dart": (
            _quoted("'", _RAW, "r", mark=r"\x27"), _quoted('"', _RAW, "r", mark=r"\x22"),
            _quoted("'", _DROP, special="$", dynamic=_UNESCAPED + r"\$[\w{]"), _quoted('"', _DROP, special="$", dynamic=_UNESCAPED + r"\$[\w{]"),
        ),
        "php": (_quoted("'", _SPARE, lines=True), _quoted('"', special="$", dynamic=_UNESCAPED + r"(?:\$\w|\{\$|\$\{)", lines=True)),
        "ruby": (_slashed(dynamic=_UNESCAPED + r"#\{"), _braced("%r", dynamic=_UNESCAPED + r"#\{"), _quoted("'", _SPARE), _quoted('"', _DROP, dynamic=_UNESCAPED + r"#\{")),
        "perl": (
            _slashed("(?:qr|[ms])?", special="@", dynamic=_UNESCAPED + r"[$@][A-Za-z_{]"), _braced("(?:qr|m)", dynamic=_UNESCAPED + r"[$@][A-Za-z_{]"),
            _quoted("'", _SPARE), _quoted('"', special="$@", dynamic=_UNESCAPED + r"[$@][A-Za-z_{]"),
        ),
        "lua": (_DOUBLE, _quoted("'"), _Form(r"(?P<opening>\[(?P<fence>=*)\[)(?P<body>(?:(?!\](?P=fence)\]).)*)(?P<closing>\](?P=fence)\])", _RAW, mark=r"%]")),
        "shellscript": (
            _Form(r"(?P<opening>')(?P<body>(?:[^']|'\\'')*)(?P<closing>')", _RAW, mark=r"'\''"), _quoted('"', _SPARE, special="$`", dynamic=_UNESCAPED + r"(?:\$[\w{(]|`)", lines=True),
        ),
        "elixir": (_slashed("~r", dynamic=_UNESCAPED + r"#\{"), _quoted('"', _DROP, dynamic=_UNESCAPED + r"#\{")),
        "julia": (_quoted('"', _RAW, "r", mark='\\"', flags=True), _quoted('"', special="$", dynamic=_UNESCAPED + r"\$[\w({]")),
        "clojure": (_quoted('"', _RAW, "#", mark='\\"'), _DOUBLE),
        "powershell": (_quoted("'", _TWICE), _quoted('"', _OPAQUE)),
        "sql": (_quoted("'", _TWICE),),
        "yaml": (_quoted("'", _TWICE), _DOUBLE),
        "toml": (_quoted("'", _RAW, mark=r"\x27"), _DOUBLE),
        "json": (_DOUBLE,), "jsonc": (_DOUBLE,), "haskell": (_DOUBLE,), "ocaml": (_DOUBLE,), "erlang": (_DOUBLE,), "zig": (_DOUBLE,),
        "r": (_DOUBLE, _quoted("'")), "fish": (_quoted("'", _SPARE), _quoted('"', _SPARE, special="$", dynamic=_UNESCAPED + r"\$\w")),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal in the code.

    text: what it stands for; for a regular expression without the marks around it. flags: a regular expression's, as
    they stand behind it. is_regex: the language has it as one, or its text is written like one (PHP).
    """

    written: str
    text: str
    flags: str
    is_regex: bool
    _form: _Form
    _delimiters: tuple[str, str] = ("", "")

    def with_text(self, text: str, flags: str | None = None) -> str:
        """How a literal of the same kind is written that stands for another text. Tabs and line ends that it can't hold
        become escapes of a regular expression; `flags` are its own where none are given. Raises `ValueError` where the
        text can't be written so.
        """
        match = self._form.fullmatch(self.written)
        assert match is not None
        own = self.flags if flags is None else flags
        before, after = self._delimiters
        if before:
            if before != after and text.count(before) != text.count(after):
                raise ValueError("its brackets are those around the pattern, and stand in no pairs")
            marked = _marked(text, after, chr(92) + after) if before == after else text
            text = f"{before}{marked}{after}{own}"
        if "\n" not in match["body"]:
            text = text.replace("\r", r"\r").replace("\n", r"\n").replace("\t", r"\t")
        behind = own if "flags" in match.re.groupindex else ""
        written = f"{match['opening']}{_encoded(text, self._form, match['closing'])}{match['closing']}{behind}"
        if self._form.fullmatch(written) is None or (self._form.dynamic and re.search(self._form.dynamic, written)):
            raise ValueError("it can't be written in a literal like this one")
        return written


def literal(written: str, language_id: str) -> Literal | None:
    """The literal that these characters are in that language; None where they are none, more than one, or dynamic."""
    for form in _FORMS.get(language_id, ()):
        match = form.fullmatch(written)
        if match is None:
            continue
        body = match["body"]
        if form.rule is _Rule.OPAQUE or (form.dynamic and re.search(form.dynamic, body)):
            return None
        text, has_flags = _decoded(body, form, match["closing"]), "flags" in match.re.groupindex
        if language_id == "php" and (inner := _DELIMITED.fullmatch(text)):
            close = _PAIRS.get(inner["open"], inner["open"])
            if inner["close"] == close:
                return Literal(written, inner["text"], inner["flags"], True, form, (inner["open"], close))
        return Literal(written, text, match["flags"] if has_flags else "", has_flags, form)
    return None


_DELIMITED = re.compile(r"(?P<open>[/#~@%!|,{(\[])(?P<text>.+)(?P<close>[/#~@%!|,})\]])(?P<flags>[a-zA-Z]*)", re.DOTALL)
_PAIRS = MappingProxyType({"{": "}", "(": ")", "[": "]"})


def literals_in(line: str, language_id: str) -> Iterator[tuple[int, int]]:
    """Where the literals of a line begin and end, dynamic ones too. What stands in comments is left out; a literal of
    several lines is not seen.
    """
    return ((start, end) for start, end, is_literal in _parts(line, language_id) if is_literal)


def code_in(line: str, language_id: str) -> Iterator[tuple[int, int]]:
    """Where a line holds neither literals nor comments, as far as it tells; nowhere, where literals are not known."""
    at = 0
    for start, end, _ in _parts(line, language_id):
        if at < start:
            yield at, start
        at = end
    if at < len(line) <= LONGEST_LINE and language_id in _FORMS:
        yield at, len(line)


def _parts(line: str, language_id: str) -> Iterator[tuple[int, int, bool]]:
    """The literals (True) and comments (False) of a line."""
    forms, of = _FORMS.get(language_id, ()), language(language_id)
    if not forms or len(line) > LONGEST_LINE:
        return
    at = 0
    while at < len(line):
        if line.startswith(of.line_comments, at) and (line[at] != "#" or not line[:at] or line[at - 1] in " \t;"):
            yield at, len(line), False
            return
        block = next((marks for marks in of.block_comments if line.startswith(marks[0], at)), None)
        if block is not None:
            end = line.find(block[1], at + len(block[0]))
            after = len(line) if end < 0 else end + len(block[1])
            yield at, after, False
            at = after
            continue
        match = next((found for form in forms if (found := form.match(line, at)) and _may_be(form, line, at)), None)
        if match is not None:
            yield at, match.end(), True
            at = match.end()
            continue
        word = _WORD.match(line, at)
        at = word.end() if word is not None else at + 1


_WORD = re.compile(r"\w+")
_BEFORE_REGEX = re.compile(
    r"(?:^|[=(,:\[!&|?{};~+*%<>^-]|\b(?:return|typeof|case|in|of|and|or|not|if|unless|while|until|when|match|split|grep))\s*$"
)


def _may_be(form: _Form, line: str, at: int) -> bool:
    """Whether a slash begins a regular expression here, rather than being a division."""
    return form.rule is not _Rule.REGEX or line[at] != "/" or _BEFORE_REGEX.search(line[:at]) is not None


def literal_range(snapshot: Snapshot, place: Range, syntax: Syntax | None = None) -> Range | None:
    """Where the literal stands that holds the whole place, or None: by the grammar if there is a tree, else by its line."""
    if syntax is not None and syntax.tree is not None:
        return syntax.enclosing(place, _NODES)
    start, end = place
    if start.line != end.line:
        return None
    line = snapshot.lines[start.line]
    found = (
        pair for pair in literals_in(line, snapshot.language) if pair[0] <= start.character <= end.character <= pair[1]
    )
    pair = next(found, None)
    return None if pair is None else Range(Position(start.line, pair[0]), Position(start.line, pair[1]))


_ESCAPES = MappingProxyType({"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "b": "\b", "a": "\a", "0": "\0"})
_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|u\{(?P<braced>[0-9a-fA-F]{1,6})\}|(?P<one>.))", re.DOTALL
)


def _decoded(body: str, form: _Form, closing: str) -> str:
    match form.rule:
        case _Rule.BACKSLASH | _Rule.DROPPING:
            return _ESCAPE.sub(lambda match: _unescaped(match, form, closing), body)
        case _Rule.SPARE:
            return re.sub(rf"\\([\\{re.escape(closing + form.special)}])", r"\1", body)
        case _Rule.DOUBLED:
            return body.replace(closing * 2, closing)
        case _:
            return body.replace(form.mark, closing) if form.mark.startswith(closing) else body


def _unescaped(match: re.Match[str], form: _Form, closing: str) -> str:
    number = match["x"] or match["u"] or match["braced"]
    if number:
        code = int(number, 16)
        return chr(code) if code <= 0x10FFFF else match[0]
    one = match["one"]
    if one in f"\\'\"`{closing}{form.special}":
        return str(one)
    if one == "\n":
        return ""
    return _ESCAPES.get(one, one if form.rule is _Rule.DROPPING else match[0])


def _encoded(text: str, form: _Form, closing: str) -> str:
    match form.rule:
        case _Rule.BACKSLASH | _Rule.DROPPING:
            return re.sub(rf"[\\{re.escape(closing[0] + form.special)}]", r"\\\g<0>", text)
        case _Rule.SPARE:
            special = re.escape(closing + form.special)
            return re.sub(rf"[{special}]|\\(?=[\\{special}]|\Z)", r"\\\g<0>", text)
        case _Rule.DOUBLED:
            return text.replace(closing, closing * 2)
        case _Rule.REGEX:
            marked = _marked(text, closing, form.mark) if form.mark else text
            return (
                re.sub(r"(\\.)|([@])", lambda m: m[1] or f"\\{m[2]}", marked, flags=re.DOTALL)
                if form.special
                else marked
            )
        case _:
            return _marked(text, closing, form.mark)


def _marked(pattern: str, closing: str, mark: str) -> str:
    """The pattern with `mark` in place of whatever would close the literal, a backslash before it included."""
    parts: list[str] = []
    at, closes_early = 0, len(pattern) - (closing == closing[0] * len(closing))  # a mark right before the marks
    while at < len(pattern):
        escaped = pattern[at] == "\\" and at + 1 < len(pattern)
        if pattern.startswith(closing, at + escaped) or (
            pattern[at + escaped] == closing[0] and at + escaped >= closes_early
        ):
            parts.append(mark)
        elif escaped:
            parts.append(pattern[at : at + 2])
        else:
            parts.append(pattern[at])
        at += 2 if escaped else 1
    return "".join(parts)
