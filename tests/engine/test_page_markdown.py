"""A model's Markdown on the live page: what it looks like, and that it can't do anything."""

from __future__ import annotations

import pytest

from dragoman.engine.page_markdown import html_of


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("## What it *does*", "<h2>What it <em>does</em></h2>"),
        ("- one\n- **two**", "<ul>\n<li>one</li>\n<li><strong>two</strong></li>\n</ul>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>2</td>"),
        ("| a |\n|--:|\n| 1 |", '<td class="text-align-right">1</td>'),
        ("~~gone~~", "<s>gone</s>"),
        (
            "```python\nif a < b:\n    pass\n```",
            '<pre><code class="language-python">if a &lt; b:\n    pass\n</code></pre>',
        ),
        ("```python\nresult = 1", '<pre><code class="language-python">result = 1</code></pre>'),
        ("a `<b>` c", "<code>&lt;b&gt;</code>"),
    ],
)
def test_what_is_written_in_answers(markdown, html):
    """Headings, lists, tables and code look as they should, also where the answer is not whole yet."""
    assert html in html_of(markdown)


def test_a_link_to_the_web():
    """A link opens on a page of its own, which learns nothing of where it was followed."""
    html = html_of("[the docs](https://docs.python.org/3/?a=1&b=2)")
    assert 'href="https://docs.python.org/3/?a=1&amp;b=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "&#106;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "vscode://command",
        "//evil.example/",
        "/events",
        "events",
        "?a",
        "#top",
        " javascript:alert(1)",
        "\x01javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("form", ["[a](<{}>)", "[a]({})", "<{}>", "[a][b]\n\n[b]: {}", "[a][b]\n\n[b]: <{}>"])
def test_no_other_link(form, url):
    """What does not lead to the web by http or https is no link."""
    assert "<a" not in html_of(form.format(url))


@pytest.mark.parametrize("form", ["![a](https://evil.example/pixel.png)", "![a][b]\n\n[b]: https://evil.example/p.png"])
def test_no_picture(form):
    """No picture is fetched: whoever serves it would learn that the answer was read."""
    assert "<img" not in html_of(form)


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php echo 1 ?>",
        "<a href='javascript:alert(1)'>x</a>",
        "`<script>alert(1)</script>`",
        "```<script>alert(1)</script>\n```",
        '```x" onload="alert(1)\ny\n```',
        '[a](https://x.example "\\" onmouseover=\\"alert(1)")',
        '[a](https://x.example/"onmouseover="alert(1))',
        "| <script> |\n|---|\n| <script> |",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;script&#62;",
        "\\<script>",
        "<details open ontoggle=alert(1)>",
        "<style>@import 'https://evil.example';</style>",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<base href=https://evil.example>",
        "<form action=https://evil.example><button>x</button></form>",
        "</article></main><script>alert(1)</script>",
    ],
)
def test_html_is_text(attack):
    """HTML in an answer is shown as the text that it is."""
    html = html_of(attack).lower()
    assert not any(f"<{name}" in html for name in ("script", "img", "svg", "style", "meta", "base", "form", "details"))
    assert "<!" not in html
    assert "<?" not in html
