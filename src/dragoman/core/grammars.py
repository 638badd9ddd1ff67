"""Grammars, loaded from their wheels when first asked for, and what each one calls a definition or an import."""

from __future__ import annotations

import importlib
import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import tree_sitter

_IMPORTS = frozenset(
    {
        "import_statement",
        "import_from_statement",
        "future_import_statement",
        "use_declaration",
        "extern_crate_declaration",
        "import_declaration",
        "preproc_include",
        "using_declaration",
        "using_directive",
        "namespace_use_declaration",
    }
)
_IMPORTING_CALLS = MappingProxyType(
    {
        "ruby": ("call", re.compile(rb"(?:require|require_relative|load|autoload)\b")),
        "php": ("expression_statement", re.compile(rb"(?:require|include)(?:_once)?\b")),
        "lua": ("variable_declaration", re.compile(rb"local\s[^=]{1,200}=\s*require\b")),
        "shellscript": ("command", re.compile(rb"(?:source|\.)\s")),
    }
)
"""Where an import is a call like any other: the node's type, and how its text begins."""
_GUARDS = frozenset({"preproc_ifdef", "preproc_if"})
"""What top-level statements may stand in all the same: a C header's guard."""

_FUNCTION_VALUE = "[(arrow_function body: (_) @body) (function_expression body: (_) @body)]"
_SCRIPT_DEFINITIONS = (
    ("function", "(function_declaration name: (_) @name body: (_) @body) @symbol"),
    ("function", "(generator_function_declaration name: (_) @name body: (_) @body) @symbol"),
    ("class", "(class_declaration name: (_) @name body: (_) @body) @symbol"),
    ("method", "(method_definition name: (_) @name body: (_) @body) @symbol"),
    ("function", f"(lexical_declaration (variable_declarator name: (_) @name value: {_FUNCTION_VALUE})) @symbol"),
    ("function", f"(variable_declaration (variable_declarator name: (_) @name value: {_FUNCTION_VALUE})) @symbol"),
    ("function", f"(expression_statement (assignment_expression left: (_) @name right: {_FUNCTION_VALUE})) @symbol"),
)
_TYPESCRIPT_DEFINITIONS = (
    *_SCRIPT_DEFINITIONS,
    ("method", "(public_field_definition name: (_) @name value: (arrow_function body: (_) @body)) @symbol"),
    ("class", "(abstract_class_declaration name: (_) @name body: (_) @body) @symbol"),
    ("interface", "(interface_declaration name: (_) @name body: (_) @body) @symbol"),
    ("type", "(type_alias_declaration name: (_) @name) @symbol"),
    ("enum", "(enum_declaration name: (_) @name body: (_) @body) @symbol"),
    ("module", "(internal_module name: (_) @name body: (_) @body) @symbol"),
    ("function", "(function_signature name: (_) @name) @symbol"),
)
# A pointer or a reference stands between a C function's type and its name.
_C_FUNCTION = (
    "[(function_declarator declarator: (_) @name)"
    " (_ (function_declarator declarator: (_) @name)) (_ (_ (function_declarator declarator: (_) @name)))]"
)
_C_PLACES = ("translation_unit", "preproc_ifdef", "preproc_if", "preproc_else", "declaration_list")
_C_DEFINITIONS = (
    ("function", f"(function_definition declarator: {_C_FUNCTION} body: (_) @body) @symbol"),
    *(("function", f"({place} (declaration declarator: {_C_FUNCTION}) @symbol)") for place in _C_PLACES),
    ("struct", "(struct_specifier name: (_) @name body: (_) @body) @symbol"),
    ("enum", "(enum_specifier name: (_) @name body: (_) @body) @symbol"),
    ("union", "(union_specifier name: (_) @name body: (_) @body) @symbol"),
    ("type", "(type_definition declarator: (type_identifier) @name) @symbol"),
    ("macro", "(preproc_def name: (_) @name) @symbol"),
    ("macro", "(preproc_function_def name: (_) @name) @symbol"),
)
_LUA_VALUE = (
    "(assignment_statement (variable_list name: (_) @name)"
    " (expression_list value: (function_definition body: (_)? @body)))"
)
_DEFINITIONS = MappingProxyType(
    {
        ("tree_sitter_python", "language"): (
            ("function", "(function_definition name: (_) @name body: (_) @body) @symbol"),
            ("class", "(class_definition name: (_) @name body: (_) @body) @symbol"),
        ),
        ("tree_sitter_javascript", "language"): (
            *_SCRIPT_DEFINITIONS,
            ("method", "(field_definition property: (_) @name value: (arrow_function body: (_) @body)) @symbol"),
        ),
        ("tree_sitter_typescript", "language_typescript"): _TYPESCRIPT_DEFINITIONS,
        ("tree_sitter_typescript", "language_tsx"): _TYPESCRIPT_DEFINITIONS,
        ("tree_sitter_rust", "language"): (
            ("function", "(function_item name: (_) @name body: (_) @body) @symbol"),
            ("function", "(function_signature_item name: (_) @name) @symbol"),
            ("struct", "(struct_item name: (_) @name) @symbol"),
            ("enum", "(enum_item name: (_) @name body: (_) @body) @symbol"),
            ("union", "(union_item name: (_) @name body: (_) @body) @symbol"),
            ("trait", "(trait_item name: (_) @name body: (_) @body) @symbol"),
            ("impl", "(impl_item type: (_) @name body: (_) @body) @symbol"),
            ("module", "(mod_item name: (_) @name body: (_) @body) @symbol"),
            ("type", "(type_item name: (_) @name) @symbol"),
            ("macro", "(macro_definition name: (_) @name) @symbol"),
        ),
        ("tree_sitter_go", "language"): (
            ("function", "(function_declaration name: (_) @name body: (_) @body) @symbol"),
            ("method", "(method_declaration name: (_) @name body: (_) @body) @symbol"),
            ("type", "(type_declaration (type_spec name: (_) @name)) @symbol"),
        ),
        ("tree_sitter_c", "language"): _C_DEFINITIONS,
        ("tree_sitter_cpp", "language"): (
            *_C_DEFINITIONS,
            ("class", "(class_specifier name: (_) @name body: (_) @body) @symbol"),
            ("module", "(namespace_definition name: (_) @name body: (_) @body) @symbol"),
            ("method", f"(field_declaration declarator: {_C_FUNCTION}) @symbol"),
            ("method", f"(field_declaration_list (declaration declarator: {_C_FUNCTION}) @symbol)"),
            ("type", "(alias_declaration name: (_) @name) @symbol"),
        ),
        ("tree_sitter_java", "language"): (
            ("class", "(class_declaration name: (_) @name body: (_) @body) @symbol"),
            ("interface", "(interface_declaration name: (_) @name body: (_) @body) @symbol"),
            ("interface", "(annotation_type_declaration name: (_) @name body: (_) @body) @symbol"),
            ("enum", "(enum_declaration name: (_) @name body: (_) @body) @symbol"),
            ("class", "(record_declaration name: (_) @name body: (_) @body) @symbol"),
            ("method", "(constructor_declaration name: (_) @name body: (_) @body) @symbol"),
            ("method", "(method_declaration name: (_) @name body: (_)? @body) @symbol"),
        ),
        ("tree_sitter_c_sharp", "language"): (
            ("module", "(namespace_declaration name: (_) @name body: (_) @body) @symbol"),
            ("class", "(class_declaration name: (_) @name body: (_) @body) @symbol"),
            ("class", "(record_declaration name: (_) @name body: (_)? @body) @symbol"),
            ("struct", "(struct_declaration name: (_) @name body: (_) @body) @symbol"),
            ("interface", "(interface_declaration name: (_) @name body: (_) @body) @symbol"),
            ("enum", "(enum_declaration name: (_) @name body: (_) @body) @symbol"),
            ("method", "(constructor_declaration name: (_) @name body: (_) @body) @symbol"),
            ("method", "(method_declaration name: (_) @name body: (_)? @body) @symbol"),
            ("property", "(property_declaration name: (_) @name) @symbol"),
            ("function", "(local_function_statement name: (_) @name body: (_) @body) @symbol"),
            ("type", "(delegate_declaration name: (_) @name) @symbol"),
        ),
        ("tree_sitter_ruby", "language"): (
            ("module", "(module name: (_) @name body: (_)? @body) @symbol"),
            ("class", "(class name: (_) @name body: (_)? @body) @symbol"),
            ("function", "(method name: (_) @name body: (_)? @body) @symbol"),
            ("function", "(singleton_method name: (_) @name body: (_)? @body) @symbol"),
        ),
        ("tree_sitter_php", "language_php"): (
            ("class", "(class_declaration name: (_) @name body: (_) @body) @symbol"),
            ("interface", "(interface_declaration name: (_) @name body: (_) @body) @symbol"),
            ("trait", "(trait_declaration name: (_) @name body: (_) @body) @symbol"),
            ("enum", "(enum_declaration name: (_) @name body: (_) @body) @symbol"),
            ("method", "(method_declaration name: (_) @name body: (_)? @body) @symbol"),
            ("function", "(function_definition name: (_) @name body: (_) @body) @symbol"),
        ),
        ("tree_sitter_lua", "language"): (
            ("function", "(function_declaration name: (_) @name body: (_)? @body) @symbol"),
            ("function", f"(variable_declaration {_LUA_VALUE}) @symbol"),
            ("function", f"(chunk {_LUA_VALUE} @symbol)"),
        ),
        ("tree_sitter_bash", "language"): (
            ("function", "(function_definition name: (_) @name body: (_) @body) @symbol"),
        ),
    }
)


@cache
def grammar(name: tuple[str, str]) -> tree_sitter.Language:
    """The grammar of that name: a wheel's module, and the function in it. Loaded once."""
    import tree_sitter  # noqa: PLC0415 - loaded with the first parse

    module, function = name
    return tree_sitter.Language(getattr(importlib.import_module(module), function)())


@cache
def definitions(name: tuple[str, str]) -> tuple[tree_sitter.Query, tuple[str, ...]]:
    """The query that finds a grammar's definitions, and the kind that each of its patterns stands for.

    A match has the nodes `symbol` and `name`, and `body` where there is one.
    """
    import tree_sitter  # noqa: PLC0415 - loaded with the first parse

    patterns = _DEFINITIONS[name]
    query = tree_sitter.Query(grammar(name), "\n".join(pattern for _, pattern in patterns))
    return query, tuple(kind for kind, _ in patterns)


def import_nodes(root: tree_sitter.Node, language: str) -> Iterator[tree_sitter.Node]:
    """The top-level imports, in their order."""
    kind, beginning = _IMPORTING_CALLS.get(language, ("", None))
    for node in root.children:
        if node.type in _IMPORTS or (
            node.type == kind and beginning is not None and beginning.match(node.text or b"") is not None
        ):
            yield node
        elif node.type in _GUARDS:
            yield from import_nodes(node, language)
