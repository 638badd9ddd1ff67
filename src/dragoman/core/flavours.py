"""What is known of the regular expressions of each language. A table of values; tries nothing."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOKS = ("?=", "?!", "?<=", "?<!")
_DIGITS, _NO_DIGITS = "0-9", r"\x00-/:-\U0010ffff"
_WORDS, _NO_WORDS = "A-Za-z0-9_", r"\x00-/:-@\[-\^`{-\U0010ffff"
_BLANKS, _NO_BLANKS = r"\t-\r ", r"\x00-\x08\x0e-\x1f!-\U0010ffff"
_GO_BLANKS, _NO_GO_BLANKS = r"\t\n\f\r ", r"\x00-\x08\x0b\x0e-\x1f!-\U0010ffff"
_SCRIPT_BLANKS = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_ASCII = MappingProxyType({"d": _DIGITS, "D": _NO_DIGITS, "w": _WORDS, "W": _NO_WORDS, "s": _BLANKS, "S": _NO_BLANKS})


@dataclass(frozen=True, slots=True, eq=False)
class Flavour:
    r"""What a language's regular expressions are.

    name: for people. engine: `re` or `regex`; "" where nothing here understands them.
    groups: what may follow an opening parenthesis, besides a name. inline: the flags that may stand in the pattern.
    flags: the literal's flags that change what is matched. letters: those that are an escape. absent: those that are
    an error as one. Others are not known. classes: what `\d`, `\w`, `\s` and their opposites are, as the inside of a
    class, where that is not what Unicode says.
    sets: classes can hold classes. possessive: `a++` is one thing. references: `\1` is allowed.
    braces: what a `{` is that repeats nothing: literal, or an error.
    """

    name: str
    engine: str = "regex"
    groups: tuple[str, ...] = ("?:",)
    inline: str = ""
    flags: str = "imsx"
    letters: str = "bBAz"
    absent: str = ""
    classes: Mapping[str, str] | None = None
    sets: bool = False
    possessive: bool = False
    references: bool = True
    braces: bool = True


_PERL_GROUPS = ("?:", *_LOOKS, "?>", "?#", "?|")
PYTHON = Flavour("Python's re", "re")
JAVASCRIPT = Flavour(
    "JavaScript",
    groups=("?:", *_LOOKS),
    flags="ims",
    letters="bBv",
    classes=MappingProxyType({**_ASCII, "s": _SCRIPT_BLANKS, "S": r"\S"}),
)
CPP = Flavour("C++ (ECMAScript)", groups=("?:", "?=", "?!"), flags="", letters="bB", classes=_ASCII)
GO = Flavour(
    "Go (RE2)",
    inline="ims",
    letters="bBAzaf",
    absent="ZGKRXhHkeN",
    classes=MappingProxyType({**_ASCII, "s": _GO_BLANKS, "S": _NO_GO_BLANKS}),
    references=False,
)
RUST = Flavour(
    "Rust's regex",
    inline="imsx",
    letters="bBAzaf",
    absent="ZGKRXhHkeNQEcC",
    sets=True,
    references=False,
    braces=False,
)
JAVA = Flavour(
    "Java",
    groups=("?:", *_LOOKS, "?>"),
    inline="imsx",
    letters="bBAzZRXhe",
    absent="K",
    classes=_ASCII,
    sets=True,
    possessive=True,
    braces=False,
)
NET = Flavour(".NET", groups=("?:", *_LOOKS, "?>", "?#"), inline="imsx", letters="bBAzZe", absent="KRXhHN")
PCRE = Flavour("PCRE", groups=_PERL_GROUPS, inline="imsx", letters="bBAzZRXKhe", classes=_ASCII, possessive=True)
PERL = Flavour("Perl", groups=_PERL_GROUPS, inline="imsx", letters="bBAzZRXKhe", possessive=True)
RUBY = Flavour(
    "Ruby", groups=("?:", *_LOOKS, "?>", "?#"), inline="imx", letters="bBAzZRXKe", classes=_ASCII, sets=True,
    possessive=True,
)  # fmt: skip
SWIFT = Flavour(
    "Swift", groups=("?:", *_LOOKS, "?>", "?#"), inline="imsx", letters="bBAzZRX", sets=True, possessive=True
)
COMMON = Flavour(
    "the syntax that Perl, Python and JavaScript share", groups=("?:", *_LOOKS), inline="imsx", possessive=True
)
"""Where no language says which flavour it is."""

_FLAVOURS = MappingProxyType(
    {
        "python": PYTHON,
        **dict.fromkeys(
            ("javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte", "dart"), JAVASCRIPT
        ),
        "cpp": CPP,
        "go": GO,
        "rust": RUST,
        **dict.fromkeys(("java", "kotlin", "scala", "clojure"), JAVA),
        **dict.fromkeys(("csharp", "powershell"), NET),
        **dict.fromkeys(("php", "elixir", "erlang"), PCRE),
        "perl": PERL,
        "ruby": RUBY,
        "swift": SWIFT,
        "c": Flavour("POSIX", ""),
        "shellscript": Flavour("POSIX (extended)", ""),
        "fish": Flavour("PCRE2, as fish has it", ""),
        "lua": Flavour("Lua's own patterns", ""),
        "sql": Flavour("the database's own", ""),
        "r": Flavour("R (TRE)", ""),
        "julia": Flavour("PCRE2, as Julia has it", ""),
        "ocaml": Flavour("OCaml's Str", ""),
        "lisp": Flavour("the Lisp's own", ""),
    }
)


def flavour(language_id: str) -> Flavour:
    """The flavour of that language's regular expressions; `COMMON` where nobody knows."""
    return _FLAVOURS.get(language_id, COMMON)
