"""The demo's scripted provider: what it makes of code."""

from __future__ import annotations

import ast
import textwrap
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.actions.base import Scene
from dragoman.actions.prompting import answer_messages, code_messages, edit_messages
from dragoman.core.context import Context, Piece
from dragoman.core.text import Position, Range, Snapshot
from dragoman.simulator import Simulator, demo_python
from dragoman.simulator.demo_script import answer, demo_script

CODE = """\
def taxed(items, rate):
    result = []
    for item in items:
        if item.active == True:
            result.append(item["price"] * (1 + rate))
    return result  # Prices in €
"""
SIMPLER = """\
def taxed(items, rate):
    result = [item["price"] * (1 + rate) for item in items if item.active]
    return result  # Prices in €
"""


def asked(make, *task, code=CODE, path="/project/shop/cart.py", language="python"):
    """The scripted answer to messages as the actions write them."""
    scene = Scene(Snapshot.of(code, language=language), Range(Position(0, 0), Position(0, 0)), path=path)
    above = Piece("imports", "cart.py:1-1", "imports", "import shop\n", 5)
    context = Context((above, Piece("target", "cart.py:3-8", "the target", code, 50)), ())
    system, user = make(scene, context, *task)
    return answer(system.text, user.text)


def test_a_refactoring_turns_an_append_loop_into_a_comprehension():
    """Asked to refactor, it rewrites the loop and the comparison, keeps all else, and says nothing besides."""
    assert asked(edit_messages, "Refactor the target.") == f"```python\n{SIMPLER}```\n"


def test_a_method_keeps_its_indentation():
    """Code inside a class comes back as far to the right as it was."""
    code = textwrap.indent(CODE, "        ")
    assert asked(edit_messages, "Simplify.", code=code) == f"```python\n{textwrap.indent(SIMPLER, '        ')}```\n"


def test_documenting_adds_a_docstring_and_nothing_else():
    """Asked for a docstring, it writes one from the names and leaves the code alone."""
    reply = asked(edit_messages, "Write a docstring (PEP 257) for the target.")
    head, *rest = CODE.splitlines(keepends=True)
    assert reply == "```python\n" + head + '    """Taxed from `items` and `rate`."""\n' + "".join(rest) + "```\n"


def test_a_refactoring_that_changes_nothing_documents_instead():
    """Where no rule finds something to simplify, the code gets its docstring."""
    reply = asked(edit_messages, "Refactor the target.", code="def f(x):\n    return x\n")
    assert reply == '```python\ndef f(x):\n    """F from `x`."""\n    return x\n```\n'


def test_an_explanation_follows_the_syntax_tree_and_says_that_it_is_scripted():
    """An explanation names arguments, loops, conditions and results, in the order of the lines, and who wrote it."""
    reply = asked(answer_messages, "Explain what the target does.")
    assert "`taxed` takes `items` and `rate`." in reply
    assert reply.index("`items`.") < reply.index("`item.active == True`") < reply.index("It returns `result`")
    assert "no model" in reply


def test_written_tests_run_and_pass():
    """Asked for tests, it writes some that import the code by its file's name, run and pass."""
    reply = asked(code_messages, "Write tests for the target.", "Answer with the new tests in one fenced code block.")
    body = reply.removeprefix("```python\n").removesuffix("```\n")
    assert "from cart import taxed\n" in body
    names: dict[str, object] = {}
    exec(CODE, names)
    exec(body.replace("from cart import taxed", ""), names)
    names["test_taxed_has_its_parts"]()
    names["taxed"] = lambda other: other
    with pytest.raises(AssertionError):
        names["test_taxed_has_its_parts"]()


@pytest.mark.parametrize(
    ("language", "sign", "code"),
    [
        ("rust", "//", "fn f() {}\n"),
        ("lua", "--", "f = 1\n"),
        ("python", "#", "def broken(:\n"),
        ("ruby", "#", "f = 1\n"),
    ],
)
def test_what_it_does_not_understand_comes_back_under_a_comment(language, sign, code):
    """Other languages, and Python that does not parse, come back unchanged under a comment that says so."""
    block = f"```{language}\n{code}```"
    reply = answer("Answer in one fenced code block.", f"The target (x):\n{block}\n\nTask: Refactor it.")
    assert reply == f"```{language}\n{sign} Scripted provider: no rule applies here, nothing is changed.\n{code}```\n"
    assert "1 lines of" in answer("Explain.", block) or language == "ruby"


def test_a_question_without_code_gets_an_honest_answer():
    """Without a fenced block there is nothing to go by, and it says so."""
    assert "no model" in answer("", "What is the weather?")


def test_fences_inside_a_longer_fence_belong_to_the_code():
    """A Markdown target that holds fences of its own is taken as a whole."""
    reply = answer(
        "Answer in one fenced code block.", "The target (a.md):\n````markdown\n```python\nx\n```\n````\n\nTask: x"
    )
    assert reply.endswith("```python\nx\n```\n````\n")


@pytest.mark.parametrize(
    "code",
    [
        "xs = []\nfor x in ys:  # why\n    xs.append(x)\n",
        "xs = []\nfor x in ys:\n    if x not in xs:\n        xs.append(x)\n",
        "xs = []\nfor x in ys:\n    xs.append(x)\nelse:\n    pass\n",
        "xs = []\nfor x in ys:\n    zs.append(x)\n",
        "xs = [1]\nfor x in ys:\n    xs.append(x)\n",
        "async def f():\n    xs = []\n    for x in ys:\n        xs.append(await x)\n",
        "def f():\n    xs = []\n    for x in ys:\n        xs.append((yield x))\n",
        "if x == 1:\n    pass\n",
    ],
)
def test_what_a_comprehension_would_not_say_the_same_stays(code):
    """Loops with comments inside, with an else, that read their own list, wait or yield, and other comparisons stay."""
    assert demo_python.simplify(code) == code


@pytest.mark.parametrize(
    ("code", "simpler"),
    [
        ("if (a or b) == False:\n    pass\n", "if not (a or b):\n    pass\n"),
        ("if f('é') == None:\n    pass\n", "if f('é') is None:\n    pass\n"),
        ("if x != None: pass\n", "if x is not None: pass\n"),
        (
            "xs: list[int] = []\nfor x in a if b else c:\n    xs.append(x)\n",
            "xs: list[int] = [x for x in (a if b else c)]\n",
        ),
        ("xs = []\nfor a, b in ys:\n    xs.append(a)\n", "xs = [a for a, b in ys]\n"),
        ("s = '\x0c\u2028'\nif x == True:\n    pass\n", "s = '\x0c\u2028'\nif x:\n    pass\n"),
    ],
)
def test_simpler_code_means_the_same(code, simpler):
    """Brackets come where they are needed, and columns are counted right behind any character."""
    assert demo_python.simplify(code) == simpler


@given(
    code=st.text(),
    system=st.sampled_from(["", "in one fenced code block"]),
    language=st.sampled_from(["python", "go", ""]),
)
@example(code="(" * 3000, system="in one fenced code block", language="python")
@example(code="x = '\x00'", system="", language="python")
@example(code="-" * 100_000 + "1\n", system="in one fenced code block", language="python")
def test_it_answers_whatever_it_is_shown(code, system, language):
    """No text makes the scripted provider fail."""
    assert answer(system, f"The target (x):\n```{language}\n{code}\n```\n\nTask: Write a docstring.").strip()


@given(st.text())
def test_it_answers_any_prompt(prompt):
    """No prompt makes the scripted provider fail."""
    assert answer("in one fenced code block", prompt).strip()


@pytest.mark.parametrize("module", [ast, textwrap, demo_python])
def test_real_modules_stay_valid(module):
    """Real code is still valid Python after both changes, with the same definitions."""
    from pathlib import Path

    source = Path(module.__file__).read_text(encoding="utf-8")
    changed = demo_python.document(demo_python.simplify(source))

    def definitions(text):
        return [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]

    assert changed != source
    assert definitions(changed) == definitions(source)


def test_the_answer_comes_in_words():
    """The reply's pieces are words that join to the answer, with an estimate of the tokens."""
    call = SimpleNamespace(system="", prompt=f"```python\n{CODE}```")
    reply = demo_script(between=0.5)(call)
    assert "".join(reply.text) == answer("", call.prompt)
    assert len(reply.text) > 20
    assert (reply.between, reply.usage.input_tokens) == (0.5, len(call.prompt) // 4)


async def test_it_streams_over_a_real_socket(wire, client, read):
    """The demo's script answers in every dialect."""
    prompt = f"The target (a.py):\n```python\n{CODE}```\n\nTask: Refactor it."
    async with Simulator(demo_script(between=0)) as simulator, client(simulator) as http:
        data, error = await read(http, wire.request(**wire.says(prompt)))
    assert error is None
    assert wire.text(data) == answer("", prompt)
