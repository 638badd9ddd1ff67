"""What is shown of other files: where the target's names are defined, and its tests."""

from __future__ import annotations

import itertools

import pytest

from actions.fakes import FakeCompleter, FakeFiles, FakeRepository, FakeWorkers
from dragoman.actions import action
from dragoman.actions.base import Scene
from dragoman.actions.perform import Preferences, Tools, prepare
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
        self.now = lambda: 0.0

    async def prepared(self, name="explain", max_tokens=6000, instruction=""):
        before, _, after = self.text.partition("▮")
        line = before.count("\n")
        at = Position(line, len(before) - before.rfind("\n") - 1)
        language = language_of(self.path)
        snapshot = Snapshot.of(before + after, uri=f"file://{ROOT}/{self.path}", language=language)
        scene = Scene(snapshot, Range(at, at), instruction=instruction, path=f"{ROOT}/{self.path}", root=ROOT)
        self.files.files[scene.path] = snapshot.text
        tools = Tools(
            self.completer, self.files, FakeWorkers(), FakeRepository(), parsed=self.parsed, now=lambda: self.now()
        )
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
        {"include/cart.h": "#ifndef CART_H\n#define RATE 2\nstruct cart { int a; };\nint total(struct cart *a);\n#endif\n"},
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
