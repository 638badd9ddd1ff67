"""Whatever a model writes, what the live page is given can't run, fetch or leave."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.engine.page_markdown import html_of

ELEMENTS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr", "br", "pre", "code", "em", "strong", "s", "a"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title", "rel", "target"},
    "code": {"class"},
    "ol": {"start"},
    "th": {"class"},
    "td": {"class"},
}
VOID = ("br", "hr")

PIECES = st.sampled_from(
    [
        *("<script>", "</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<a href=", "<!--", "-->"),
        *("javascript:", "data:text/html,", "https://x.example/", "http://", "[a](", "[b]: ", "[a][b]", "![", "]", ")"),
        *("```", "~~~", "`", "``", "\n", "\n\n", "    ", "> ", "- ", "1. ", "# ", "| a |", "|---|:-:|", "---", "==="),
        *('"', "'", "<", ">", "&", "&lt;", "&#x3c;", "&colon;", "\\", "*", "**", "_", "~~", "\x00", "\u202e", "\ufeff"),
        *(" onclick=alert(1) ", "style=", "//", "\t", "\r", "\u2028", "\x0b", "é", "😀", "a"),
    ]
)
MARKDOWN = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


class Reader(HTMLParser):
    """Judges every element."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS, tag
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        assert set(names) <= ATTRIBUTES.get(tag, set()), (tag, attrs)
        values = dict(attrs)
        if tag == "a" and "href" in values:
            assert values["href"].lower().startswith(("http://", "https://"))
            assert values["rel"] == "noopener noreferrer nofollow"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError("a comment")

    handle_decl = handle_pi = unknown_decl = handle_comment


@settings(max_examples=400)
@given(MARKDOWN)
def test_nothing_acts(markdown):
    """Only elements that show text, closed as they were opened, with attributes that do nothing."""
    reader = Reader()
    reader.feed(html_of(markdown))
    reader.close()
    assert reader.open == []


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_code_is_as_it_was_written(code):
    """What stands in a code block is read there to the letter, but for characters that no page can hold."""
    kept = code.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    shown: list[str] = []
    reader = HTMLParser(convert_charrefs=True)
    reader.handle_data = shown.append
    fence = "`" * 205
    reader.feed(html_of(f"{fence}\n{code}\n{fence}"))
    reader.close()
    assert "".join(shown).rstrip("\n") == kept.rstrip("\n")
