"""What Dragoman knows of each language: comments, fences, file names, grammar. A table of values; loads nothing."""

# ruff: noqa: E501 - a table is read by its columns

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

# The first group that matches is the defined name. Lines are tried one at a time, and only short ones.
_KEYWORDS = r"\s*(?:[a-z]+\s+)*?(?:def|fn|func|fun|function|class|struct|interface|trait|module|sub|proc|enum|type|object)\s+([\w.$:]+)"
_PYTHON = r"\s*(?:async\s+)?(?:def|class)\s+(\w+)"
_SCRIPT = (
    r"\s*(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
    r"(?:(?:function\b\s*\*?|class|interface|enum|namespace)\s+([\w$]+)"
    r"|type\s+([\w$]+)[^=]*="
    r"|(?:const|let|var)\s+([\w$]+)[^=]*=\s*(?:async\s*)?(?:function\b|[(<]|[\w$]+\s*=>))"
    r"|\s+(?:(?:public|private|protected|static|override|async|get|set)\s+)*"
    r"(?!(?:if|for|while|switch|catch|return|with|do|else)\b)([\w$#]+)\s*(?:<[^>]*>)?\([^;]*\)\s*(?::[^;{]+)?\{\s*$"
)
_RUST = (
    r"\s*(?:pub(?:\([^)]*\))?\s+)?(?:default\s+|const\s+|async\s+|unsafe\s+|extern\s+(?:\"[^\"]*\"\s+)?)*"
    r"(?:(?:fn|struct|enum|trait|mod|union|macro_rules!)\s+(\w+)|impl\b(?:<[^{]*?>)?\s*([^{]*?)\s*(?:\{|where|$))"
)
_GO = r"(?:func\s+(?:\([^)]*\)\s*)?(\w+)|type\s+(\w+)\s)"
_C = (
    r"(?:\s*(?:typedef\s+)?(?:struct|class|enum|union|namespace)\s+(\w+)[^;]*$"
    r"|\s*(?!(?:if|for|while|switch|return|else|catch|do|throw|new)\b)"
    r"[A-Za-z_][\w:<>,*&\[\]\s]*[\s*&]([~\w:]+)\s*\([^;]*$)"
)


@dataclass(frozen=True, slots=True)
class Language:
    """One language, by LSP's languageId.

    line_comments, block_comments: how comments begin, and begin and end.
    fences: names after a Markdown fence, the first one for writing.
    extensions: endings of file names, with the dot; a name without a dot is a whole file name.
    grammar: the module of a tree-sitter wheel and the function in it that gives the grammar.
    definition: a cheap pattern for a line that begins a definition; its first group that matches is the name.
    prose: written for people rather than machines.
    """

    id: str
    name: str
    extensions: tuple[str, ...] = ()
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()
    fences: tuple[str, ...] = ()
    grammar: tuple[str, str] | None = None
    definition: str = _KEYWORDS
    prose: bool = False

    @property
    def fence(self) -> str:
        """The name to write after a Markdown fence."""
        return self.fences[0] if self.fences else self.id


_STARS = (("/*", "*/"),)
_MARKUP = (("<!--", "-->"),)
_HASH = ("#",)
_SLASHES = ("//",)
_DASHES = ("--",)

_JAVASCRIPT = ("tree_sitter_javascript", "language")
_TYPESCRIPT = ("tree_sitter_typescript", "language_typescript")
_TSX = ("tree_sitter_typescript", "language_tsx")

_TABLE = (
    Language("python", "Python", (".py", ".pyi", ".pyw"), _HASH, (), ("python", "py", "python3"), ("tree_sitter_python", "language"), _PYTHON),
    Language("javascript", "JavaScript", (".js", ".mjs", ".cjs"), _SLASHES, _STARS, ("javascript", "js"), _JAVASCRIPT, _SCRIPT),
    Language("javascriptreact", "JavaScript (JSX)", (".jsx",), _SLASHES, _STARS, ("jsx", "javascript", "js"), _JAVASCRIPT, _SCRIPT),
    Language("typescript", "TypeScript", (".ts", ".mts", ".cts"), _SLASHES, _STARS, ("typescript", "ts"), _TYPESCRIPT, _SCRIPT),
    Language("typescriptreact", "TypeScript (TSX)", (".tsx",), _SLASHES, _STARS, ("tsx", "typescript", "ts"), _TSX, _SCRIPT),
    Language("rust", "Rust", (".rs",), ("//",), _STARS, ("rust", "rs"), ("tree_sitter_rust", "language"), _RUST),
    Language("go", "Go", (".go",), _SLASHES, _STARS, ("go", "golang"), ("tree_sitter_go", "language"), _GO),
    Language("c", "C", (".c", ".h"), _SLASHES, _STARS, ("c",), ("tree_sitter_c", "language"), _C),
    Language("cpp", "C++", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx"), _SLASHES, _STARS, ("cpp", "c++", "cxx"), ("tree_sitter_cpp", "language"), _C),
    Language("java", "Java", (".java",), _SLASHES, _STARS, ("java",), ("tree_sitter_java", "language"), _C),
    Language("csharp", "C#", (".cs",), _SLASHES, _STARS, ("csharp", "cs", "c#"), ("tree_sitter_c_sharp", "language"), _C),
    Language("kotlin", "Kotlin", (".kt", ".kts"), _SLASHES, _STARS, ("kotlin", "kt")),
    Language("swift", "Swift", (".swift",), _SLASHES, _STARS, ("swift",)),
    Language("scala", "Scala", (".scala", ".sc"), _SLASHES, _STARS, ("scala",)),
    Language("dart", "Dart", (".dart",), _SLASHES, _STARS, ("dart",), None, _C),
    Language("php", "PHP", (".php",), ("//", "#"), _STARS, ("php",), ("tree_sitter_php", "language_php")),
    Language("ruby", "Ruby", (".rb", ".rake", "Rakefile", "Gemfile"), _HASH, (("=begin", "=end"),), ("ruby", "rb"), ("tree_sitter_ruby", "language")),
    Language("perl", "Perl", (".pl", ".pm"), _HASH, (), ("perl", "pl")),
    Language("lua", "Lua", (".lua",), _DASHES, (("--[[", "]]"),), ("lua",), ("tree_sitter_lua", "language"), r"\s*(?:local\s+)?function\s+([\w.:]+)"),
    Language("shellscript", "shell", (".sh", ".bash", ".zsh"), _HASH, (), ("bash", "sh", "shell", "zsh"), ("tree_sitter_bash", "language"), r"\s*(?:function\s+([\w-]+)|([\w-]+)\s*\(\))"),
    Language("fish", "fish", (".fish",), _HASH, (), ("fish",)),
    Language("powershell", "PowerShell", (".ps1", ".psm1"), _HASH, (("<#", "#>"),), ("powershell", "ps1", "pwsh")),
    Language("r", "R", (".r", ".R"), _HASH, (), ("r",), None, r"\s*([\w.]+)\s*(?:<-|=)\s*function\b"),
    Language("julia", "Julia", (".jl",), _HASH, (("#=", "=#"),), ("julia", "jl")),
    Language("elixir", "Elixir", (".ex", ".exs"), _HASH, (), ("elixir", "ex"), None, r"\s*(?:def|defp|defmodule|defmacro)\s+([\w.?!]+)"),
    Language("erlang", "Erlang", (".erl", ".hrl"), ("%",), (), ("erlang",), None, r"([a-z]\w*)\(.*\)\s*(?:when.*)?->"),
    Language("haskell", "Haskell", (".hs",), _DASHES, (("{-", "-}"),), ("haskell", "hs"), None, r"([a-z]\w*'*)\s*::|(?:data|newtype|class|instance|type)\s+(\w+)"),
    Language("ocaml", "OCaml", (".ml", ".mli"), (), (("(*", "*)"),), ("ocaml", "ml"), None, r"\s*(?:let|and|module|type)\s+(?:rec\s+)?(\w+)"),
    Language("clojure", "Clojure", (".clj", ".cljs", ".cljc", ".edn"), (";",), (), ("clojure", "clj"), None, r"\((?:defn-?|def|defmacro)\s+(\S+)"),
    Language("lisp", "Lisp", (".lisp", ".el"), (";",), (("#|", "|#"),), ("lisp", "elisp"), None, r"\((?:defun|defmacro|defvar|define)\s+\(?(\S+)"),
    Language("zig", "Zig", (".zig",), _SLASHES, (), ("zig",)),
    Language("nix", "Nix", (".nix",), _HASH, _STARS, ("nix",), None, r"\s*([\w.-]+)\s*=\s*(?:\{|\w+:)"),
    Language("sql", "SQL", (".sql",), _DASHES, _STARS, ("sql",), None, r"(?i:\s*create\s+(?:or\s+replace\s+)?\w+\s+(\S+))"),
    Language("makefile", "Make", (".mk", "Makefile", "GNUmakefile"), _HASH, (), ("makefile", "make"), None, r"([\w.%/-]+)\s*:(?!=)"),
    Language("dockerfile", "Dockerfile", ("Dockerfile", ".dockerfile"), _HASH, (), ("dockerfile", "docker"), None, r"FROM\s+(\S+)"),
    Language("terraform", "Terraform", (".tf", ".tfvars"), ("#", "//"), _STARS, ("hcl", "terraform"), None, r"(?:resource|data|module|variable|output)\s+\"?([\w\"\s]+)"),
    Language("html", "HTML", (".html", ".htm"), (), _MARKUP, ("html",), None, r"(?!)"),
    Language("xml", "XML", (".xml", ".svg"), (), _MARKUP, ("xml",), None, r"(?!)"),
    Language("vue", "Vue", (".vue",), _SLASHES, (*_MARKUP, *_STARS), ("vue", "html"), None, _SCRIPT),
    Language("svelte", "Svelte", (".svelte",), _SLASHES, (*_MARKUP, *_STARS), ("svelte", "html"), None, _SCRIPT),
    Language("css", "CSS", (".css",), (), _STARS, ("css",), None, r"([^{}\s][^{}]*)\{\s*$"),
    Language("scss", "SCSS", (".scss",), _SLASHES, _STARS, ("scss", "css"), None, r"\s*([^{}\s][^{}]*)\{\s*$"),
    Language("json", "JSON", (".json",), (), (), ("json",), None, r"(?!)"),
    Language("jsonc", "JSON with comments", (".jsonc",), _SLASHES, _STARS, ("jsonc", "json"), None, r"(?!)"),
    Language("yaml", "YAML", (".yaml", ".yml"), _HASH, (), ("yaml", "yml"), None, r"(?!)"),
    Language("toml", "TOML", (".toml",), _HASH, (), ("toml",), None, r"\[+([^\]]+)\]"),
    Language("latex", "LaTeX", (".tex", ".sty"), ("%",), (), ("latex", "tex"), None, r"(?!)", prose=True),
    Language("markdown", "Markdown", (".md", ".markdown"), (), _MARKUP, ("markdown", "md"), None, r"(?!)", prose=True),
    Language("restructuredtext", "reStructuredText", (".rst",), (), (), ("rst",), None, r"(?!)", prose=True),
    Language("plaintext", "plain text", (".txt",), (), (), ("text", "txt", "plaintext", ""), None, r"(?!)", prose=True),
)  # fmt: skip

LANGUAGES = MappingProxyType({language.id: language for language in _TABLE})
"""The languages that Dragoman knows, by languageId. Others work too: see `language`."""

_OTHER_NAMES = MappingProxyType(
    {fence: language.id for language in reversed(_TABLE) for fence in language.fences if fence}
    | {"c-sharp": "csharp", "javascript.jsx": "javascriptreact", "typescript.tsx": "typescriptreact"}
    | {"python-base": "python", "js-base": "javascript", "typescript-ts-base": "typescript", "ruby-base": "ruby"}
)
"""What editors say instead: as in fences (Helix `bash`, Neovim `sh`, Emacs `c++`), or modes that others derive from."""

_BY_ENDING = MappingProxyType({ending: language.id for language in reversed(_TABLE) for ending in language.extensions})


def language(language_id: str) -> Language:
    """The language of that id; one that nobody knows has every common comment and its id as fence name."""
    known = LANGUAGES.get(language_id)
    if known is not None:
        return known
    fence = language_id if re.fullmatch(r"[\w+#.-]{1,40}", language_id) else "text"
    return Language(language_id, language_id or "text", (), ("#", "//", "--", ";", "%"), (*_STARS, *_MARKUP), (fence,))


def language_id(name: str) -> str:
    """The languageId of what an editor calls a language; the name itself where nobody knows it."""
    return name if name in LANGUAGES else _OTHER_NAMES.get(name, name)


def language_of(path: str) -> str:
    """The languageId of a file's name, `plaintext` where nothing tells."""
    name = re.split(r"[\\/]", path)[-1]
    if name in _BY_ENDING:
        return _BY_ENDING[name]
    dot = name.rfind(".")
    ending = name[dot:] if dot >= 0 else ""
    return _BY_ENDING.get(ending) or _BY_ENDING.get(ending.lower(), "plaintext")


@cache
def _definition(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def defined_name(line: str, of: Language) -> str | None:
    """The name that a definition on this line has, by a cheap pattern; None where none begins here."""
    if len(line) > 400:  # no definition that a person reads is longer, and patterns stay quick
        return None
    match = _definition(of.definition).match(line)
    if match is None:
        return None
    return next((group.strip() for group in match.groups() if group), "")
