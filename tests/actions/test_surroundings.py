"""What is shown of other files: where the target's names are defined, and its tests."""

# ruff: noqa: E501 - each file of a project stands in one line

from __future__ import annotations

import itertools

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers
from dragoman.actions import action
from dragoman.actions.base import Scene
from dragoman.actions.prepare import prepare
from dragoman.actions.prepared import Preferences, Tools
from dragoman.actions.surroundings import MOST_CHARACTERS, MOST_FILES, MOST_SECONDS
from dragoman.core.hints import Hints
from dragoman.core.languages import language_of
from dragoman.core.parsed import Parsed
from dragoman.core.ports import Disclosure
from dragoman.core.text import Position, Range, Snapshot

ROOT = "/project"


class Asked:
    """What would be sent about `▮`'s definition in a file of a project; the other files by their paths."""

    def __init__(self, path, text, **more):
        self.path, self.text = path, text
        self.files = FakeFiles({f"{ROOT}/{name}": other for name, other in more.pop("files", {}).items()}, **more)
        self.completer = FakeCompleter([])
        self.parsed = Parsed()
        self.times = itertools.repeat(0.0)

    async def prepared(self, name="explain", max_tokens=6000, instruction=""):
        before, _, after = self.text.partition("▮")
        line = before.count("\n")
        at = Position(line, len(before) - before.rfind("\n") - 1)
        language = language_of(self.path)
        snapshot = Snapshot.of(before + after, uri=f"file://{ROOT}/{self.path}", language=language)
        scene = Scene(snapshot, Range(at, at), instruction=instruction, path=f"{ROOT}/{self.path}", root=ROOT)
        self.files.files[scene.path] = snapshot.text
        now = self.times.__next__
        tools = Tools(self.completer, self.files, FakeWorkers(), FakeRepository(), parsed=self.parsed, now=now)
        return await prepare(action(name), scene, tools, Preferences(max_tokens), Hints())

    async def found(self, kind="definitions", **more):
        """The sources of the pieces of that kind."""
        return [own.source for own in (await self.prepared(**more)).context.of_kind(kind)]


IMPORTED = [
    (
        "src/shop/till.py",
        "from shop.cart import Cart, RATE as rate\nfrom .money import *\n\n\ndef bill(cart: Cart):\n    ▮return rounded(cart.total() * rate)\n",
        {
            "src/shop/__init__.py": "",
            "src/shop/cart.py": "RATE = 2\n\n\nclass Cart:\n    def total(self):\n        return 1\n\n\ndef other():\n    pass\n",
            "src/shop/money.py": "def rounded(a):\n    return a\n",
        },
        ["src/shop/cart.py:4-6", "src/shop/cart.py:1-1", "src/shop/money.py:1-2"],
    ),
    (
        "src/till.js",
        "const { total } = require('./cart');\nimport Money from './money.js';\nfunction bill(a) {\n  ▮return new Money(total(a));\n}\n",
        {"src/cart.js": "function total(a) {\n  return a;\n}\n", "src/money.js": "export default class Money {\n}\n"},
        ["src/money.js:1-2", "src/cart.js:1-3"],
    ),
    (
        "web/src/till.ts",
        "import { Cart as Basket } from '@/cart';\nimport type { Money } from './money.js';\nimport { x } from 'lib';\nfunction bill(a: Basket): Money {\n  ▮return a.total(LIMIT);\n}\n",
        {
            "web/src/cart/index.ts": "export class Cart {\n  total() { return 1; }\n}\n",
            "web/src/money.ts": "export interface Money {\n  amount: number;\n}\n",
        },
        ["web/src/cart/index.ts:1-3", "web/src/money.ts:1-3"],
    ),
    (
        "src/till.rs",
        "use crate::shop::{cart::Cart, money};\nmod rates;\n\nfn bill(a: Cart) -> i32 {\n    ▮money::rounded(a.total() * rates::usual())\n}\n",
        {
            "src/shop/cart.rs": "pub struct Cart {\n    a: i32,\n}\nimpl Cart {\n    pub fn total(&self) -> i32 { 1 }\n}\n",
            "src/shop/money/mod.rs": "pub fn rounded(a: i32) -> i32 { a }\n",
            "src/till/rates.rs": "pub fn usual() -> i32 { 1 }\n",
        },
        ["src/shop/cart.rs:1-3", "src/shop/cart.rs:4-6", "src/shop/money/mod.rs:1-1", "src/till/rates.rs:1-1"],
    ),
    (
        "till/bill.go",
        'package till\n\nimport (\n\t"fmt"\n\t"example.com/shop/cart"\n)\n\nfunc bill(a cart.Cart) int {\n\t▮fmt.Println(a)\n\treturn rounded(a.Total())\n}\n',
        {
            "cart/cart.go": "package cart\n\ntype Cart struct {\n\ta int\n}\n\nfunc (c Cart) Total() int {\n\treturn c.a\n}\n",
            "cart/cart_test.go": "package cart\n\ntype Cart struct{}\n",
            "till/money.go": "package till\n\nfunc rounded(a int) int {\n\treturn a\n}\n",
        },
        ["cart/cart.go:3-5", "cart/cart.go:7-9", "till/money.go:3-5"],
    ),
    (
        "src/till.c",
        '#include <stdio.h>\n#include "cart.h"\n\nint bill(struct cart *a)\n{\n    ▮return total(a) * RATE;\n}\n',
        {
            "include/cart.h": "#ifndef CART_H\n#define RATE 2\nstruct cart { int a; };\nint total(struct cart *a);\n#endif\n"
        },
        ["include/cart.h:3-3", "include/cart.h:4-4", "include/cart.h:2-2"],
    ),
    (
        "src/till.cpp",
        '#include "shop/cart.h"\n\nint bill(shop::Cart a)\n{\n    ▮return a.total();\n}\n',
        {"src/shop/cart.h": "namespace shop {\nclass Cart {\npublic:\n  int total() const;\n};\n}\n"},
        ["src/shop/cart.h:2-5"],
    ),
    (
        "src/main/java/shop/till/Till.java",
        "package shop.till;\n\nimport shop.cart.Cart;\nimport static shop.Rates.usual;\n\nclass Till {\n  int bill(Cart a) {\n    ▮return new Money(a.total() * usual()).amount();\n  }\n}\n",
        {
            "src/main/java/shop/cart/Cart.java": "package shop.cart;\n\npublic class Cart {\n  public int total() { return 1; }\n}\n",
            "src/main/java/shop/Rates.java": "package shop;\n\nclass Rates {\n  static int usual() { return 1; }\n}\n",
            "src/main/java/shop/till/Money.java": "package shop.till;\n\nrecord Money(int amount) {}\n",
        },
        [
            "src/main/java/shop/cart/Cart.java:3-5",
            "src/main/java/shop/Rates.java:4-4",
            "src/main/java/shop/till/Money.java:3-3",
        ],
    ),
    (
        "Shop/Till/Till.cs",
        "using System;\nusing Shop.Cart;\n\nnamespace Shop.Till;\n\nclass Till {\n  int Bill(Basket a) {\n    ▮return new Money(a.Total()).Amount;\n  }\n}\n",
        {
            "Shop/Cart/Basket.cs": "namespace Shop.Cart;\n\npublic class Basket {\n  public int Total() => 1;\n}\n",
            "Shop/Till/Money.cs": "namespace Shop.Till;\n\nrecord Money(int Amount);\n",
        },
        ["Shop/Cart/Basket.cs:3-5", "Shop/Till/Money.cs:3-3"],
    ),
    (
        "lib/till.rb",
        "require 'json'\nrequire_relative 'shop/cart'\n\ndef bill(cart)\n  ▮Money.new(cart.total).amount if cart.empty?\nend\n",
        {
            "lib/shop/cart.rb": "class Cart\n  def total\n    1\n  end\n\n  def empty?\n    true\n  end\nend\n",
            "lib/money.rb": "class Money\n  def amount\n  end\nend\n",
        },
        ["lib/shop/cart.rb:2-4", "lib/shop/cart.rb:6-8", "lib/money.rb:1-4"],
    ),
    (
        "src/Till.php",
        "<?php\nnamespace App;\n\nuse App\\Shop\\{Cart, Rates as R};\nrequire_once __DIR__ . '/helpers.php';\n\nfunction bill(Cart $a): Money {\n  ▮return rounded($a->total() * R::usual());\n}\n",
        {
            "src/Shop/Cart.php": "<?php\nclass Cart {\n  function total() {}\n}\n",
            "src/Shop/Rates.php": "<?php\nclass Rates {\n  static function usual() {}\n}\n",
            "src/helpers.php": "<?php\nfunction rounded($a) {}\n",
            "src/Money.php": "<?php\nclass Money {}\n",
        },
        ["src/Shop/Cart.php:2-4", "src/Shop/Rates.php:2-4", "src/helpers.php:2-2", "src/Money.php:2-2"],
    ),
    (
        "src/till.lua",
        "local cart = require('shop.cart')\nlocal json = require 'json'\n\nlocal function bill(a)\n  ▮return cart.total(a)\nend\n",
        {"src/shop/cart.lua": "local M = {}\nfunction M.total(a)\n  return a\nend\nreturn M\n"},
        ["src/shop/cart.lua:2-4"],
    ),
    (
        "bin/till.sh",
        '#!/bin/bash\nsource "$(dirname "$0")/../lib/cart.sh"\n. ./money.sh\n\nbill() {\n  ▮cart_total "$1" | rounded\n}\n',
        {"lib/cart.sh": "cart_total() {\n  echo 1\n}\n", "bin/money.sh": "rounded() {\n  cat\n}\n"},
        ["lib/cart.sh:1-3", "bin/money.sh:1-3"],
    ),
]


@pytest.mark.parametrize(("path", "text", "files", "sources"), IMPORTED, ids=[row[0] for row in IMPORTED])
async def test_what_the_target_names_is_found_where_it_is_imported_from(path, text, files, sources):
    """The definitions are shown, in the order of the imports, and nothing else of those files."""
    assert await Asked(path, text, files=files).found() == sources


CART = "class Cart:\n    def total(self):\n        return 1\n"
TILL = "from cart import Cart\n\n\ndef bill(cart: Cart):\n    ▮return rounded(cart)\n"
MONEY = "def rounded(a):\n    return a\n\n\ndef cart():\n    pass\n"
TESTS = "import till\n\n\ndef test_bill():\n    assert till.bill([]) == 1\n\n\ndef test_other():\n    pass\n"
STAYS = Disclosure(local_only=True)


async def test_each_piece_says_where_it_is_from_and_why():
    """A definition is shown as it stands there, with its file and lines and what it is; the model is told both."""
    prepared = await Asked("till.py", TILL, files={"cart.py": CART}).prepared()
    (own,) = prepared.context.of_kind("definitions")
    assert (own.source, own.reason, own.text) == ("cart.py:1-3", "the class Cart, which the target names", CART)
    assert (
        f"The class Cart, which the target names, for reference only (cart.py:1-3):\n```python\n{CART}```"
        in prepared.messages[-1].text
    )
    assert "cart.py:1-3" in prepared.sources


async def test_a_long_definition_is_shown_in_signatures():
    """Of a class that is long, its members' signatures and lines are shown."""
    methods = "".join(f"    def m{number}(self):\n        return {number}\n\n" for number in range(40))
    prepared = await Asked("till.py", TILL, files={"cart.py": f"class Cart:\n{methods}"}).prepared()
    (own,) = prepared.context.of_kind("definitions")
    assert own.reason == "the class Cart, which the target names, in signatures"
    assert own.text.startswith("1: class Cart\n2:   def m0(self)\n5:   def m1(self)\n")
    assert "return" not in own.text


@pytest.mark.parametrize(
    ("path", "text", "files", "source"),
    [
        (
            "till.py",
            "from shop import Basket\n\n\ndef bill():\n    ▮return Basket()\n",
            {"shop/__init__.py": "from .cart import Cart as Basket\n", "shop/cart.py": CART},
            "shop/cart.py:1-3",
        ),
        (
            "till.ts",
            "import { Cart } from './shop';\nfunction bill() {\n  ▮return new Cart();\n}\n",
            {
                "shop/index.ts": "export * from './other';\nexport {\n  Cart,\n} from './cart';\n",
                "shop/cart.ts": "export class Cart {\n}\n",
                "shop/other.ts": "export class Other {\n}\n",
            },
            "shop/cart.ts:1-2",
        ),
        (
            "src/till.rs",
            "use crate::shop::Cart;\nfn bill() {\n    ▮Cart::new()\n}\n",
            {"src/shop/mod.rs": "mod cart;\npub use cart::Cart;\n", "src/shop/cart.rs": "pub struct Cart {\n}\n"},
            "src/shop/cart.rs:1-2",
        ),
    ],
)
async def test_what_a_package_passes_on_is_followed(path, text, files, source):
    """A name that is imported from a package comes from the file that the package has it from."""
    assert await Asked(path, text, files=files).found() == [source]


async def test_what_is_open_or_was_edited_is_looked_into_last():
    """A call that nothing imported defines is found in another open file; what only looks like a name there is not."""
    opened = [f"{ROOT}/money.py", f"{ROOT}/till.py", f"{ROOT}/money.go"]
    asked = Asked("till.py", TILL, files={"cart.py": CART, "money.py": MONEY, "money.go": ""}, opened=opened)
    assert await asked.found() == ["cart.py:1-3", "money.py:1-2"]
    assert f"{ROOT}/money.go" not in asked.files.was_read, "a file of another language defines nothing for this one"


async def test_open_files_outside_the_workspace_are_not_looked_into():
    """What is open but lies elsewhere is not the project's."""
    asked = Asked("till.py", TILL, files={"money.py": MONEY}, opened=[f"{ROOT}/money.py"], links=(f"{ROOT}/money",))
    assert await asked.found() == []
    assert f"{ROOT}/money.py" not in asked.files.was_read


async def test_what_the_document_defines_itself_is_not_looked_for_elsewhere():
    """A function of the same name in another open file is another one."""
    text = f"{TILL}\n\ndef rounded(a):\n    return 2\n"
    assert await Asked("till.py", text, files={"money.py": MONEY}, opened=[f"{ROOT}/money.py"]).found() == []


async def test_related_tests_are_shown():
    """Of the file's tests, those that speak of the definition are shown, whichever action is asked for but `tests`."""
    asked = Asked("src/till.py", TILL, files={"tests/test_till.py": TESTS})
    assert await asked.found("tests") == ["tests/test_till.py:4-5"]
    assert await asked.found("tests", name="refactor") == ["tests/test_till.py:4-5"]
    assert await asked.found("tests", name="tests") == ["test_till.py"]


async def test_related_tests_without_definitions_are_shown_by_the_paragraph():
    """Where a test is no definition to the grammar, the paragraph that names the function is shown."""
    tests = (
        "import { bill } from './till';\n\ntest('a', () => {\n  expect(bill()).toBe(1);\n});\n\ntest('b', () => {});\n"
    )
    asked = Asked("till.ts", "function bill() {\n  ▮return 1;\n}\n", files={"till.test.ts": tests})
    assert await asked.found("tests") == ["till.test.ts:1-1", "till.test.ts:3-5"]


async def test_tests_show_what_they_test():
    """In a file of tests the definitions under test are shown, and no tests of tests are looked for."""
    asked = Asked(
        "tests/test_till.py",
        TESTS.replace("    assert", "    ▮assert"),
        files={"src/till.py": "def bill(a):\n    return 1\n"},
    )
    assert await asked.found() == ["src/till.py:1-2"]
    assert await asked.found("tests") == []


async def test_files_that_may_go_to_no_model_are_not_there():
    """What is ignored is neither shown nor named nor read."""
    rules = {f"{ROOT}/cart.py": Disclosure("cart.py is ignored by .gitignore.")}
    asked = Asked("till.py", TILL, files={"cart.py": CART}, rules=rules)
    context = (await asked.prepared()).context
    assert not any("cart.py" in own.source for own in (*context.pieces, *context.left_out))
    assert f"{ROOT}/cart.py" not in asked.files.was_read


async def test_files_that_are_kept_local_do_not_keep_the_request_local():
    """They are left out, and that is said; a request that is local anyway shows them."""
    asked = Asked("till.py", TILL, files={"cart.py": CART}, rules={f"{ROOT}/cart.py": STAYS})
    prepared = await asked.prepared()
    assert not prepared.local_only
    assert prepared.context.of_kind("definitions") == ()
    assert [(own.source, own.reason) for own in prepared.context.left_out] == [
        ("cart.py", "kept from models elsewhere by privacy.local_only")
    ]
    assert "class Cart" not in prepared.messages[-1].text
    asked.files.rules[f"{ROOT}/till.py"] = STAYS
    assert await asked.found() == ["cart.py:1-3"]


MANY = {f"m{number}.py": f"def f{number}():\n    pass\n" for number in range(MOST_FILES + 3)}
USING_MANY = (
    "".join(f"from m{number} import f{number}\n" for number in range(len(MANY)))
    + f"def all():\n    ▮return [{', '.join(f'f{number}()' for number in range(len(MANY)))}]\n"
)


async def test_only_so_many_files_are_read():
    """The others are named as not looked into."""
    asked = Asked("a.py", USING_MANY, files=MANY)
    prepared = await asked.prepared()
    assert len(asked.files.was_read) == MOST_FILES
    assert [own.source for own in prepared.context.left_out] == [
        f"m{number}.py" for number in range(MOST_FILES, len(MANY))
    ]
    assert {own.reason for own in prepared.context.left_out} == {"not looked into: enough was read"}


async def test_no_file_is_read_once_the_time_is_up():
    """A slow disk costs the person no more than that; what was not read is named."""
    asked = Asked("a.py", USING_MANY, files=MANY)
    asked.times = itertools.count(step=MOST_SECONDS / 2)
    prepared = await asked.prepared()
    assert len(asked.files.was_read) == 2
    assert len(prepared.context.left_out) == len(MANY) - 2


async def test_what_is_merely_open_is_not_named_as_left_out():
    """That an open file was not looked into is no news: nothing says that the target has to do with it."""
    rules = {f"{ROOT}/money.py": STAYS}
    asked = Asked("till.py", TILL, files={"money.py": MONEY}, opened=[f"{ROOT}/money.py"], rules=rules)
    assert (await asked.prepared()).context.left_out == ()


async def test_only_so_much_is_parsed():
    """A file that is too long is named instead."""
    asked = Asked("till.py", TILL, files={"cart.py": CART + "#" * MOST_CHARACTERS})
    prepared = await asked.prepared()
    assert [(own.source, own.reason) for own in prepared.context.left_out] == [("cart.py", "not looked into: too long")]


async def test_what_is_found_leaves_room_for_the_file():
    """Definitions take at most a quarter of the budget; those that do not fit are named with their size."""
    files = {name: text.replace("pass", f"return {'1 + ' * 60}1") for name, text in MANY.items()}
    context = (await Asked("a.py", USING_MANY, files=files).prepared(max_tokens=1600)).context
    shown, left = context.of_kind("definitions"), [own for own in context.left_out if own.tokens]
    assert 0 < sum(own.tokens for own in shown) <= 400
    assert len(shown) + len(left) == MOST_FILES


async def test_nothing_is_parsed_again_that_stays_the_same(monkeypatch):
    """A second look parses neither the document nor the other files; a change of one is seen."""
    asked = Asked("till.py", TILL, files={"cart.py": CART})
    before = await asked.found()
    parsed = []
    outline = Parsed.outline
    monkeypatch.setattr(Parsed, "outline", lambda *args: parsed.append(outline(*args)) or parsed[-1])
    assert await asked.found() == before
    assert await asked.found() == before
    assert parsed[0] is parsed[1]
    asked.files.files[f"{ROOT}/cart.py"] = f"\n\n{CART}"
    assert await asked.found() == ["cart.py:3-5"]


async def test_new_text_is_about_what_is_around_it():
    """Where text is to be inserted, the names are those of the definition around, and of the instruction."""
    text = (
        "from cart import Cart\nfrom money import rounded\n\n\ndef bill(cart: Cart):\n    a = 1\n    ▮\n    return a\n"
    )
    asked = Asked("till.py", text, files={"cart.py": CART, "money.py": MONEY})
    assert await asked.found(name="edit", instruction="use rounded() here") == ["cart.py:1-3", "money.py:1-2"]


async def test_a_document_without_a_file_looks_nowhere():
    """An untitled document imports nothing that could be found."""
    asked = Asked("till.py", TILL, files={"cart.py": CART})
    scene = Scene(Snapshot.of(TILL.replace("▮", ""), language="python"), Range(Position(4, 4), Position(4, 4)))
    tools = Tools(asked.completer, asked.files, FakeWorkers(), FakeRepository())
    prepared = await prepare(action("explain"), scene, tools, Preferences(), Hints())
    assert prepared.context.of_kind("definitions") == ()
    assert asked.files.was_read == []


async def test_a_file_without_a_workspace_has_its_folder():
    """Where no folder is open, imports are followed beside the file, and files go by their names."""
    asked = Asked("till.py", TILL, files={"cart.py": CART})
    scene = Scene(
        Snapshot.of(TILL.replace("▮", ""), language="python"),
        Range(Position(4, 4), Position(4, 4)),
        path=f"{ROOT}/till.py",
    )
    tools = Tools(asked.completer, asked.files, FakeWorkers(), FakeRepository())
    prepared = await prepare(action("explain"), scene, tools, Preferences(), Hints())
    assert [own.source for own in prepared.context.of_kind("definitions")] == ["cart.py:1-3"]


async def test_an_open_file_of_another_folder_tells_no_more_than_it_must():
    """A model is not told where on this machine the workspace's other folders are."""
    asked = Asked("till.py", TILL, opened=["/home/somebody/other/money.py"])
    asked.files.files["/home/somebody/other/money.py"] = MONEY
    prepared = await asked.prepared()
    assert [own.source for own in prepared.context.of_kind("definitions")] == ["other/money.py:1-2"]
    assert "somebody" not in prepared.messages[-1].text


async def test_prose_names_no_definitions():
    """Words of a text in Markdown are not looked for in other texts."""
    asked = Asked("a.md", "▮# Money\n\nrounded(a)\n", files={"b.md": "# rounded\n"}, opened=[f"{ROOT}/b.md"])
    await asked.prepared(name="ask", instruction="why?")
    assert asked.files.was_read == []


async def test_a_long_file_is_shown_in_outline():
    """The model sees the outline of a file that does not fit, and the function there that the target calls."""
    functions = "".join(f"def f{number}(a):\n    b = a\n    return b\n\n\n" for number in range(200))
    text = (
        (await Asked("a.py", f"{functions}def target():\n    ▮return f7(1)\n").prepared(max_tokens=900))
        .messages[-1]
        .text
    )
    assert "The file's outline, for reference only (a.py:" in text
    assert "996: def f199(a)" in text
    assert "The function f7, which the target names, for reference only (a.py:36-38):" in text


async def test_a_notebooks_cell_imports_from_beside_its_notebook():
    """A cell has no path of its own; what it imports is looked for around the notebook."""
    asked = Asked("till.py", TILL, files={"cart.py": CART})
    scene = Scene(
        Snapshot.of(TILL.replace("▮", ""), language="python"),
        Range(Position(4, 4), Position(4, 4)),
        root=ROOT,
        origin=f"{ROOT}/till.ipynb",
        cell=1,
    )
    tools = Tools(asked.completer, asked.files, FakeWorkers(), FakeRepository())
    prepared = await prepare(action("explain"), scene, tools, Preferences(), Hints())
    assert [own.source for own in prepared.context.of_kind("definitions")] == ["cart.py:1-3"]
