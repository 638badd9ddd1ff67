"""Java's test classes, however they are laid out: new members join them, and nothing that was there is lost."""

from __future__ import annotations

import pytest

from dragoman.actions.testfiles import TestPlan
from dragoman.actions.testmerge import merged

NEW = "@Test\nvoid b() {\n    x();\n}"


def joined(existing, code=NEW, end="\n"):
    """The file with new tests."""
    plan = TestPlan("/p/src/test/java/CartTest.java", "java", "JUnit 5", "", existing, line_end=end)
    return merged(plan, code)


@pytest.mark.parametrize(
    ("existing", "text"),
    [
        ("class CartTest {}\n", "class CartTest {\n    @Test\n    void b() {\n        x();\n    }\n}\n"),
        ("class CartTest {\n\n}", "class CartTest {\n    @Test\n    void b() {\n        x();\n    }\n}\n"),
        (
            "class CartTest { void a() {} }\n",
            "class CartTest { void a() {}\n\n    @Test\n    void b() {\n        x();\n    }\n}\n",
        ),
        (
            "class CartTest {\n  int c;\n  void a() {}}\n",
            "class CartTest {\n  int c;\n  void a() {}\n\n  @Test\n  void b() {\n      x();\n  }\n}\n",
        ),
        (
            "class CartTest {\n\tvoid a() {} // it\n\n}\n\nclass Other {}\n",
            "class CartTest {\n\tvoid a() {} // it\n\n\t@Test\n\tvoid b() {\n\t\tx();\n\t}\n}\n\nclass Other {}\n",
        ),
        (
            "// Copyright\npackage shop;\n",
            "// Copyright\npackage shop;\n\nclass CartTest {\n    @Test\n    void b() {\n        x();\n    }\n}\n",
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_layouts(existing, text, end):
    """The new method is the class's last member, as deep as the others, and lines end as they did."""
    assert joined(existing.replace("\n", end), end=end) == text.replace("\n", end)


def test_nested_classes():
    """A nested class with its tests comes along; one whose name is taken gets another."""
    nested = "class CartTest {\n    @Nested\n    class Deep {\n        @Test\n        void c() {}\n    }\n}\n"
    once = joined("class CartTest {\n    int a;\n}\n", nested)
    assert once.count("class Deep {") == 1
    again = joined(once, nested.replace("void c", "void d"))
    assert "class Deep2 {" in again
    assert again.count("void c()") == again.count("void d()") == 1


def test_types_beside_the_class():
    """What the new code has beside its class comes behind the present one, unless it is there."""
    code = f"class CartTest {{\n{NEW}\n}}\n\nrecord Price(int amount) {{}}\n\nclass Other {{}}\n"
    text = joined("class CartTest {\r\n}\r\n\r\nclass Other {}\r\n", code, "\r\n")
    assert text.endswith("class Other {}\r\n\r\nrecord Price(int amount) {}\r\n")
    assert text.count("class Other") == 1


@pytest.mark.parametrize(
    ("there", "new", "text"),
    [
        ("import a.B;\n", "import a.B;\nimport a.C;\n", "import a.B;\nimport a.C;\n"),
        ("import a.*;\n", "import a.B;\n", "import a.*;\n"),
        ("import static a.B.*;\n", "import static a.B.c;\nimport a.B;\n", "import static a.B.*;\nimport a.B;\n"),
        ("import static a.B.c;\n", "import static a.B.c;\n", "import static a.B.c;\n"),
        ("import org.junit.Test;\n", "import org.junit.jupiter.api.Test;\n", "import org.junit.Test;\n"),
    ],
)
def test_imports(there, new, text):
    """What is imported already, by its name or by a `*`, is not imported again, and no class's name stands for two."""
    assert joined(f"{there}\nclass CartTest {{}}\n", f"{new}\n{NEW}").startswith(f"{text}\nclass")
