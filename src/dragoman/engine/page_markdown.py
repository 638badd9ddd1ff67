"""A model's Markdown as HTML that can't do anything: no HTML of its own, no images, links to the web alone.

Renders for the live page. What it is given may be written to harm the reader; it is shown as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

SCHEMES = ("http://", "https://")


def html_of(markdown: str) -> str:
    """HTML made of a few elements without any attribute that acts. Costs milliseconds and more: run off the loop.

    The dialect is CommonMark with tables and strikethrough (GFM). HTML in it is escaped, so are links to anything but
    http and https, and an image becomes a link: a picture that is fetched tells whoever serves it that you read this.
    """
    html: str = _renderer().render(markdown)
    return html


def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - nobody waits for it before the page is open

    renderer = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    renderer.validateLink = _is_web_address  # type: ignore[method-assign]  # the library's own way
    renderer.add_render_rule("link_open", _link_open)
    for cell in ("th_open", "td_open"):
        renderer.add_render_rule(cell, _cell_open)
    return renderer


def _is_web_address(url: str) -> bool:
    return url.lower().startswith(SCHEMES)


def _link_open(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, _environment: Any) -> str:
    """A page that is opened learns neither where the reader comes from nor holds on to this one.

    A link to nowhere, which is not asked about by `validateLink`, leads nowhere.
    """
    if not tokens[index].attrGet("href"):
        tokens[index].attrs.pop("href", None)
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    tokens[index].attrSet("target", "_blank")
    return renderer.renderToken(tokens, index, options, _environment)


def _cell_open(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, _environment: Any) -> str:
    """A column's alignment as a class, such as `text-align-right`: the page lets no style stand in its elements."""
    style = tokens[index].attrs.pop("style", None)
    if style is not None:
        tokens[index].attrs["class"] = str(style).replace(":", "-")
    return renderer.renderToken(tokens, index, options, _environment)
