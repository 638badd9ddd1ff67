"""Where a file's tests are, by the names that people give them."""

from __future__ import annotations

import pytest

from dragoman.core.related import is_test, paths_of_tests


@pytest.mark.parametrize(
    ("path", "language", "tests"),
    [
        ("src/shop/cart.py", "python", "tests/shop/test_cart.py"),
        ("src/shop/cart.py", "python", "tests/test_cart.py"),
        ("shop/cart.py", "python", "shop/cart_test.py"),
        ("src/a/cart.ts", "typescript", "src/a/cart.test.ts"),
        ("src/a/cart.js", "javascript", "src/a/__tests__/cart.spec.js"),
        ("src/cart.rs", "rust", "tests/cart.rs"),
        ("a/cart.go", "go", "a/cart_test.go"),
        ("src/cart.c", "c", "tests/test_cart.c"),
        ("src/cart.cc", "cpp", "test/cart_test.cc"),
        ("src/main/java/a/Cart.java", "java", "src/test/java/a/CartTest.java"),
        ("Shop/Cart.cs", "csharp", "tests/CartTests.cs"),
        ("lib/shop/cart.rb", "ruby", "spec/shop/cart_spec.rb"),
        ("src/Shop/Cart.php", "php", "tests/Unit/Shop/CartTest.php"),
        ("lua/cart.lua", "lua", "spec/cart_spec.lua"),
        ("bin/cart.sh", "shellscript", "tests/cart.bats"),
    ],
)
def test_tests_of_a_file(path, language, tests):
    """The usual place is among the first dozen."""
    found = paths_of_tests(f"/p/{path}", "/p", language)
    assert f"/p/{tests}" in found[:14]
    assert f"/p/{path}" not in found


@pytest.mark.parametrize(
    "path",
    ["test_a.py", "a_test.go", "a.spec.ts", "ATest.java", "AbcTests.cs", "a_spec.rb", "tests/a.rs", "__tests__/a.js"],
)
def test_tests_have_no_tests(path):
    """A file of tests is known as one."""
    assert is_test(f"/p/{path}", "/p")
    assert paths_of_tests(f"/p/{path}", "/p", "python") == ()


def test_what_is_no_test():
    """Neither words that end alike, nor folders above the project, make one."""
    assert not is_test("/tests/p/latest.py", "/tests/p")
    assert not is_test("/p/contest.go", "/p")
    assert paths_of_tests("", "", "python") == ()
    assert paths_of_tests("/p/a.css", "/p", "css") == ()
