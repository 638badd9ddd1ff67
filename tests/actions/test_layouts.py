"""Real projects' layouts: where each one's tests go, in which framework, and how the code is reached from there."""

from __future__ import annotations

import pytest

from actions.fakes import FakeFiles
from dragoman.actions.base import Scene
from dragoman.actions.testfiles import plan_tests
from dragoman.core.languages import language_of
from dragoman.core.syntax import parse
from dragoman.core.text import Position, Range, Snapshot


async def planned(path, tree, text="code\n"):
    """The plan for a file in a project of these files; those without a text are empty."""
    texts = tree if isinstance(tree, dict) else dict.fromkeys(tree.split(), "")
    files = FakeFiles({f"/p/{name}": content for name, content in {path: text, **texts}.items()})
    snapshot = Snapshot.of(text, language=language_of(path))
    scene = Scene(snapshot, Range(Position(0, 0), Position(0, 0)), path=f"/p/{path}", root="/p")
    return await plan_tests(scene, parse(snapshot), files)


def place(plan):
    """The plan's path inside the project."""
    return plan.path.removeprefix("/p/")


@pytest.mark.parametrize(
    ("path", "tree", "tests", "module"),
    [
        # a source folder, and tests flat, mirrored, or mirrored with the package's name
        ("src/shop/cart.py", "src/shop/__init__.py tests/x.py", "tests/test_cart.py", "shop.cart"),
        (
            "src/shop/a/b.py",
            "src/shop/__init__.py src/shop/a/__init__.py tests/a/x.py",
            "tests/a/test_b.py",
            "shop.a.b",
        ),
        ("src/shop/cart.py", "src/shop/__init__.py tests/shop/x.py", "tests/shop/test_cart.py", "shop.cart"),
        ("src/shop/cart.py", "tests/unit/x.py src/shop/__init__.py", "tests/test_cart.py", "shop.cart"),
        # a package beside its tests
        ("shop/cart.py", "shop/__init__.py tests/x.py", "tests/test_cart.py", "shop.cart"),
        ("shop/cart.py", "shop/__init__.py test/x.py", "test/test_cart.py", "shop.cart"),
        ("shop/cart.py", "shop/__init__.py shop/tests/x.py", "shop/tests/test_cart.py", "shop.cart"),
        ("shop/cart.py", "shop/__init__.py shop/test_cart.py", "shop/test_cart.py", "shop.cart"),
        ("shop/cart.py", "shop/__init__.py shop/cart_test.py", "shop/cart_test.py", "shop.cart"),
        # Django's apps
        ("shop/views.py", "manage.py shop/__init__.py shop/tests.py", "shop/tests.py", "shop.views"),
        # no package at all
        ("cart.py", "x.txt", "test_cart.py", "cart"),
        # several packages in one repository
        (
            "packages/shop/src/shop/cart.py",
            "pyproject.toml packages/shop/pyproject.toml packages/shop/src/shop/__init__.py packages/shop/tests/x.py",
            "packages/shop/tests/test_cart.py",
            "shop.cart",
        ),
    ],
)
async def test_python(path, tree, tests, module):
    """A Python file's tests lie where the project has them, and import it by its name from there."""
    plan = await planned(path, tree)
    assert (place(plan), plan.module) == (tests, module)


@pytest.mark.parametrize(
    ("tree", "framework"),
    [
        ({}, "pytest"),
        ({"pyproject.toml": "[tool.pytest.ini_options]"}, "pytest"),
        ({"requirements-dev.txt": "pytest-cov"}, "pytest"),
        ({"tox.ini": "commands = python -m unittest"}, "unittest"),
        ({"Makefile": "python -m unittest", "setup.cfg": "[tool:pytest]"}, "pytest"),
        ({"tests/test_a.py": "import unittest\n\n\nclass TestA(unittest.TestCase):\n    pass\n"}, "unittest"),
    ],
)
async def test_pythons_framework(tree, framework):
    """The project's files say which of Python's frameworks it uses, a test file of its own most of all."""
    assert (await planned("a.py", tree)).framework == framework


async def test_a_packages_own_framework():
    """In a repository of several packages the nearest one's settings count."""
    tree = {"tox.ini": "unittest", "packages/a/pyproject.toml": "pytest"}
    assert (await planned("packages/a/a.py", tree)).framework == "pytest"


@pytest.mark.parametrize(
    ("path", "tree", "tests", "source"),
    [
        ("src/cart.ts", "package.json", "src/cart.test.ts", "./cart"),
        ("src/cart.tsx", "package.json src/cart.spec.tsx", "src/cart.spec.tsx", "./cart"),
        ("src/cart.js", "package.json src/__tests__/x.js", "src/__tests__/cart.test.js", "../cart"),
        ("src/a/cart.ts", "package.json test/a/x.ts", "test/a/cart.test.ts", "../../src/a/cart"),
        ("src/a/cart.ts", "package.json tests/x.ts", "tests/cart.test.ts", "../src/a/cart"),
        ("lib/cart.js", "package.json test/x.js", "test/cart.test.js", "../lib/cart"),
        ("src/cart.ts", "package.json nest-cli.json", "src/cart.spec.ts", "./cart"),
        ("src/app/cart.ts", "package.json angular.json", "src/app/cart.spec.ts", "./cart"),
        ("src/cart.mjs", "package.json", "src/cart.test.mjs", "./cart.mjs"),
        (
            "packages/a/src/cart.ts",
            "package.json packages/a/package.json packages/a/tests/x.ts tests/y.ts",
            "packages/a/tests/cart.test.ts",
            "../src/cart",
        ),
    ],
)
async def test_scripts(path, tree, tests, source):
    """A script's tests lie where its package has them, under the ending that the project uses."""
    plan = await planned(path, tree)
    assert place(plan) == tests
    assert f"from `{source}`" in plan.how


@pytest.mark.parametrize(
    ("settings", "ending"),
    [
        ({"package.json": '{"jest": {"testRegex": ".*\\\\.spec\\\\.ts$"}}'}, "spec"),
        ({"package.json": "{}", "jest.config.js": "testMatch: ['**/*.spec.ts']"}, "spec"),
        ({"package.json": "{}", "vitest.config.ts": "include: ['src/**/*.spec.ts', 'src/**/*.test.ts']"}, "test"),
        ({"package.json": '{"jest": {"reporters": ["spec"]}}'}, "test"),
    ],
)
async def test_spec_or_test(settings, ending):
    """Where the project's settings look for `.spec` files alone, a new one is called so."""
    assert place(await planned("src/a.ts", settings)) == f"src/a.{ending}.ts"


@pytest.mark.parametrize(
    ("tree", "framework"),
    [
        ({"package.json": '{"devDependencies": {"vitest": "^3"}}'}, "vitest"),
        ({"package.json": '{"devDependencies": {"jest": "^30", "ts-jest": "^29"}}'}, "jest"),
        ({"package.json": '{"devDependencies": {"mocha": "^11", "chai": "^5"}}'}, "mocha"),
        ({"package.json": '{"scripts": {"test": "node --test"}}'}, "node:test"),
        ({"package.json": '{"scripts": {"test": "bun test"}}'}, "bun:test"),
        (
            {"package.json": '{"devDependencies": {"jest": "1"}}', "src/package.json": '{"a": "node --test"}'},
            "node:test",
        ),
        ({"package.json": "{}", "vite.config.ts": ""}, "vitest"),
        ({"vite.config.ts": ""}, "vitest"),
    ],
)
async def test_scripts_framework(tree, framework):
    """The nearest package says which framework it uses."""
    assert (await planned("src/a.ts", tree)).framework == framework


GO = "package cart\n\nfunc Total() int {\n\treturn 1\n}\n"


async def test_go():
    """Go's tests lie beside the code, in its package."""
    plan = await planned("pkg/cart/cart.go", "go.mod", GO)
    assert (place(plan), plan.header) == ("pkg/cart/cart_test.go", "package cart\n\n")


async def test_go_from_outside_the_package():
    """Where the tests that are there see only what the package exports, the model is told so, and what to import."""
    tree = {"go.mod": "module example.com/shop\n\ngo 1.22\n", "pkg/cart/cart_test.go": "package cart_test\n"}
    plan = await planned("pkg/cart/cart.go", tree, GO)
    assert "package cart_test. Import example.com/shop/pkg/cart." in plan.how
    assert (
        "Import example.com/shop."
        in (
            await planned("cart.go", {"go.mod": "module example.com/shop\n", "cart_test.go": "package cart_test\n"}, GO)
        ).how
    )


@pytest.mark.parametrize(
    ("path", "text", "tests"),
    [
        ("src/cart.rs", "pub fn f() {}\n", "src/cart.rs"),
        ("src/cart.rs", "pub fn f() {}\n\n#[cfg(test)]\nmod tests;\n", "src/cart/tests.rs"),
        ("src/lib.rs", "pub fn f() {}\n\n#[cfg(test)]\nmod tests;\n", "src/tests.rs"),
        ("src/cart/mod.rs", "pub fn f() {}\n#[cfg(test)] mod x;\nmod tests;\n", "src/cart/tests.rs"),
        ("tests/cart.rs", "#[test]\nfn f() {}\n", "tests/cart.rs"),
        ("src/cart/tests.rs", "use super::*;\n", "src/cart/tests.rs"),
    ],
)
async def test_rust(path, text, tests):
    """Rust's tests stand in the code's own file, or in the file of the module that it declares for them."""
    assert place(await planned(path, "Cargo.toml", text)) == tests


JAVA = "package com.shop;\n\npublic class Cart {\n}\n"
MAIN = "src/main/java/com/shop/Cart.java"


@pytest.mark.parametrize(
    ("path", "tree", "tests"),
    [
        (MAIN, "pom.xml", "src/test/java/com/shop/CartTest.java"),
        (MAIN, "build.gradle.kts src/test/java/com/shop/X.java", "src/test/java/com/shop/CartTest.java"),
        (MAIN, "pom.xml src/test/java/com/shop/CartTests.java", "src/test/java/com/shop/CartTests.java"),
        (f"app/{MAIN}", "pom.xml app/pom.xml", "app/src/test/java/com/shop/CartTest.java"),
        ("src/com/shop/Cart.java", "build.xml test/com/shop/X.java", "test/com/shop/CartTest.java"),
        ("Cart.java", "x.txt", "CartTest.java"),
        ("src/test/java/com/shop/CartTest.java", "pom.xml", "src/test/java/com/shop/CartTest.java"),
        ("src/main/java/com/test/Cart.java", "pom.xml", "src/test/java/com/test/CartTest.java"),
    ],
)
async def test_java(path, tree, tests):
    """Java's tests lie in the tree of tests, in the code's own package."""
    plan = await planned(path, tree, JAVA)
    assert place(plan) == tests
    assert plan.inside is not None or plan.header == "package com.shop;\n\n"


@pytest.mark.parametrize(
    ("tree", "framework"),
    [
        ({"pom.xml": "<artifactId>junit-jupiter</artifactId>"}, "JUnit 5"),
        ({"pom.xml": "<groupId>junit</groupId><artifactId>junit</artifactId><version>4.13.2</version>"}, "JUnit 4"),
        ({"pom.xml": "<artifactId>spring-boot-starter-test</artifactId>"}, "JUnit 5"),
        ({"build.gradle": "testImplementation 'junit:junit:4.13'"}, "JUnit 4"),
        ({"build.gradle.kts": "tasks.test { useJUnitPlatform() }"}, "JUnit 5"),
        ({"build.gradle.kts": "", "gradle/libs.versions.toml": 'junit = "org.junit.jupiter:junit-jupiter"'}, "JUnit 5"),
        ({"pom.xml": "<artifactId>testng</artifactId>"}, "TestNG"),
        ({}, "JUnit 5"),
        ({"pom.xml": "junit-jupiter", "src/test/java/com/shop/CartTest.java": "import org.junit.Test;\n"}, "JUnit 4"),
    ],
)
async def test_javas_framework(tree, framework):
    """The build files say which framework there is; the test file that is extended says which it uses."""
    plan = await planned(MAIN, tree, JAVA)
    assert plan.framework == framework
    assert framework in plan.how
