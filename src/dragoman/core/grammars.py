"""Grammars, loaded from their wheels when first asked for, and the patterns of what each one calls a definition."""

from __future__ import annotations

import importlib
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tree_sitter

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
