"""Where imports lead, by each language's rules."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.import_trees import rust_paths
from dragoman.core.imports import MOST_IMPORTS, imports
from dragoman.core.languages import LANGUAGES
from dragoman.core.references import names_in
from dragoman.core.syntax import parse
from dragoman.core.text import Snapshot

ROOT = "/p"


def leads(path, text, language, used=()):
    """The imports of a file of that text, which uses all the names in it unless the test says which."""
    names = used or names_in(text, language).used
    return imports(parse(Snapshot.of(text, language=language)), f"{ROOT}/{path}", ROOT, frozenset(names))


@pytest.mark.parametrize(
    ("path", "language", "text", "wanted"),
    [
        ("a/b.py", "python", "import c.d as e", "/p/c/d.py"),
        ("a/b.py", "python", "import os, c", "/p/a/c/__init__.py"),
        ("a/b.py", "python", "from c.d import e", "/p/src/c/d/e.py"),
        ("a/b/c.py", "python", "from .. import d", "/p/a/d.py"),
        ("a/b/c.py", "python", "from ..d import (\n    e,  # why\n    f as g,\n)", "/p/a/d.py"),
        ("a/b.js", "javascript", "import { c } from '../d'", "/p/d/index.js"),
        ("a/b.js", "javascript", "export const c = 1;\nconst d = require('./e');", "/p/a/e.js"),
        ("a/b.mjs", "javascript", "import './c.mjs'", "/p/a/c.mjs"),
        ("a/b.jsx", "javascriptreact", "import C from './C'", "/p/a/C.jsx"),
        ("a/src/b.ts", "typescript", "import * as c from '~/d/e'", "/p/a/src/d/e.ts"),
        ("a/b.tsx", "typescriptreact", "import type { C } from './c.jsx'", "/p/a/c.tsx"),
        ("src/a/b.rs", "rust", "use super::c::D;", "/p/src/a/c.rs"),
        ("src/a/mod.rs", "rust", "use self::c::{D, E};", "/p/src/a/c.rs"),
        ("src/a/b.rs", "rust", "use super::super::C;", "/p/src/lib.rs"),
        ("src/main.rs", "rust", "mod a;\nuse a::B;", "/p/src/a/mod.rs"),
        ("tests/a.rs", "rust", "use own_crate::b::C;", "/p/src/b.rs"),
        ("a/b.go", "go", 'package a\nimport c "x.org/m/v2/d"', "/p/d"),
        ("a/b.go", "go", 'package a\nimport "m/d/e"', "/p/d/e"),
        ("src/a.c", "c", '#include "b/c.h"', "/p/src/b/c.h"),
        ("src/a.cpp", "cpp", "#include <b/c.hpp>", "/p/include/b/c.hpp"),
        (
            "src/test/java/a/BTest.java",
            "java",
            "package a;\nimport c.D;\nclass T { D d; }",
            "/p/src/main/java/c/D.java",
        ),
        ("a/A.java", "java", "package a;\nimport b.*;\nclass T { D d; }", "/p/b/D.java"),
        ("a/A.kt", "kotlin", "package a\nimport b.C\n", "/p/b/C.kt"),
        ("src/A/B.cs", "csharp", "using X.A.C;\nclass B { D d; }", "/p/src/A/C/D.cs"),
        ("src/A/B.cs", "csharp", "class B { D d; }", "/p/src/A/D.cs"),
        ("lib/a.rb", "ruby", "require 'b/c'", "/p/lib/b/c.rb"),
        ("lib/a.rb", "ruby", "require_relative '../b'", "/p/b.rb"),
        ("app/a.rb", "ruby", "OrderLine.new", "/p/app/models/order_line.rb"),
        ("app/A.php", "php", "<?php\nuse App\\B\\C as D;", "/p/app/B/C.php"),
        ("app/A.php", "php", "<?php\nrequire __DIR__ . '/../b.php';", "/p/b.php"),
        ("a/b.lua", "lua", "local c = require 'd.e'", "/p/d/e/init.lua"),
        ("bin/a.sh", "shellscript", '. "${BASH_SOURCE%/*}/b.sh"', "/p/bin/b.sh"),
        ("bin/a.sh", "shellscript", "source lib/b.sh", "/p/lib/b.sh"),
    ],
)
def test_a_statement_leads_to(path, language, text, wanted):
    """The file, or for Go the folder, is among the places that the statement may mean."""
    assert wanted in [each for one in leads(path, text, language) for each in one.paths]


@pytest.mark.parametrize(
    ("path", "language", "text"),
    [
        ("a.py", "python", "from .. import secret"),
        ("a.js", "javascript", "import '../../secret'"),
        ("a.c", "c", '#include "../secret.h"'),
        ("a.c", "c", '#include "/etc/secret.h"'),
        ("a.rb", "ruby", "require_relative '../secret'"),
        ("a.php", "php", "<?php\nrequire '../../secret.php';"),
        ("a.lua", "lua", "local a = require '../secret'"),
        ("a.sh", "shellscript", "source ../../secret.sh"),
        ("src/a.rs", "rust", "use super::super::super::secret::A;"),
    ],
)
def test_no_import_leads_out_of_the_project(path, language, text):
    """However many folders it goes up."""
    found = [each for one in leads(path, text, language) for each in one.paths]
    assert not any(each.endswith(("secret.h", "secret.php", "secret.sh")) and each.count("/") < 2 for each in found)
    assert all(each.startswith(f"{ROOT}/") and ".." not in each for each in found)


def test_imports_that_are_not_used_are_passed_over():
    """Only what gives a name to the code in question is looked for; what may give any name always is."""
    text = "import a\nfrom b import c as d\nfrom e import *\n"
    found = leads("x.py", text, "python", ["d"])
    assert [(sorted(one.bound), sorted(one.originals)) for one in found] == [(["d"], []), (["d"], ["c"]), ([], [])]


@pytest.mark.parametrize("language", ["swift", "markdown", "plaintext"])
def test_languages_without_rules(language):
    """Nothing is guessed for them."""
    assert leads("a.x", "import b\n", language) == ()


def test_rust_trees():
    """Every branch of a `use` tree is a path of its own."""
    text = "pub use a::{b, c::{d as e, self}, /* f */ g::*};"
    assert [("::".join(path), known) for path, known in rust_paths(text.replace("/* f */ ", ""))] == [
        ("a::b", "b"),
        ("a::c::d", "e"),
        ("a::c", "c"),
        ("a::g::*", "*"),
    ]
    assert list(rust_paths("use ")) == []
    assert len(list(rust_paths("use " + "a::{" * 200))) <= 1


WORDS = [
    "import ",
    "from ",
    "use ",
    "{",
    "}",
    "::",
    "..",
    "/",
    "\\",
    "'",
    '"',
    "a",
    "B",
    "*",
    " as ",
    "(",
    ")",
    ";",
    "\n",
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(LANGUAGES)),
    st.lists(
        st.sampled_from([*WORDS, "require ", "#include ", "source ", "package ", "using ", "$", "<"]), max_size=40
    ).map("".join),
)
def test_whatever_stands_there(language, text):
    """Text that is no import leads nowhere outside, and not to too many places."""
    found = leads("a/b/c.x", text, language)
    assert len(found) <= MOST_IMPORTS
    assert all(path.startswith(f"{ROOT}/") for one in found for path in one.paths)
