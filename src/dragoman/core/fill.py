"""How models are asked for what belongs into a gap: by the template of their family, or by a chat. Pure text.

Sources: the models' own cards and papers; which tokens a family has is fixed by its training.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dragoman.core.chat import Effort, FillRequest, Request, system, user
from dragoman.core.errors import InvalidRequest
from dragoman.core.fences import blocks
from dragoman.core.languages import language
from dragoman.core.redact import INSTRUCTION
from dragoman.core.thinking import without_thinking

if TYPE_CHECKING:
    from dragoman.core.completion import Gap

ONE_LINE_TOKENS = 64
SEVERAL_LINES_TOKENS = 256
_CHAT_TOKENS = 512
"""A chat model also writes a fence, and what it can't be kept from saying."""


@dataclass(frozen=True, slots=True)
class Family:
    """Models that were trained on the same tokens. `template` holds `{prefix}` and `{suffix}`, each once.

    models: matches their names, in lower case. stops: what they write at their end, the likeliest first.
    """

    name: str
    models: re.Pattern[str]
    template: str
    stops: tuple[str, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every text that means something special to these models."""
        return (*(part.strip() for part in self._parts[::2] if part.strip()), *self.stops)

    def prompt(self, prefix: str, suffix: str) -> str | None:
        """The text that these models go on from; None where the text itself holds one of their tokens."""
        if any(token in prefix or token in suffix for token in self.tokens):
            return None
        return "".join({"prefix": prefix, "suffix": suffix}.get(part, part) for part in self._parts)

    @property
    def _parts(self) -> list[str]:
        return re.split(r"\{(prefix|suffix)\}", self.template)


def _family(name: str, models: str, template: str, *stops: str) -> Family:
    return Family(name, re.compile(models), template, stops)


_PIPES = "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
_PLAIN = "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>"

FAMILIES = (
    _family("qwen-coder", r"qwen[\d.]*-?coder", _PIPES, "<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|im_end|>"),
    _family("codeqwen", r"codeqwen", _PLAIN, "<|endoftext|>", "<file_sep>", "<|im_end|>"),
    _family(
        "deepseek-coder",
        r"deepseek-?coder",
        "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",
        "<｜end▁of▁sentence｜>",
        "<|EOT|>",
    ),
    _family("codellama", r"code-?llama", "<PRE> {prefix} <SUF>{suffix} <MID>", "<EOT>", "</s>"),
    _family("starcoder", r"starcoder", _PLAIN, "<|endoftext|>", "<file_sep>", "<|end_of_text|>"),
    _family("codestral", r"codestral", "[SUFFIX]{suffix}[PREFIX]{prefix}", "</s>", "[INST]"),
    _family("granite-code", r"granite.*code|granite-?code", _PLAIN, "<|endoftext|>", "<file_sep>"),
    _family("granite", r"granite-?(?:3\.3|4)", _PIPES, "<|end_of_text|>", "<|endoftext|>", "<|start_of_role|>"),
    _family("codegemma", r"codegemma", _PIPES, "<|file_separator|>", "<end_of_turn>", "<eos>"),
)
"""The families that fill gaps, the first one whose pattern a name holds."""

_ONLY_CHATS = re.compile(r"codegemma.*(?:-it\b|instruct)|starcoder.*(?:chat|instruct)|mamba-codestral")
"""Models of these families that were made to chat and have lost the rest."""

_ALSO_HTML = ("</s>", "<PRE>")

CONTROL_TOKENS = tuple(
    dict.fromkeys(token for family in FAMILIES for token in family.tokens if token not in _ALSO_HTML)
)
"""What never belongs into a text: where a model writes one of these, it has ended."""


def family_of(model: str) -> Family | None:
    """The family that a model's name says it is of; None for one that does not fill gaps, as far as its name tells."""
    name = model.lower()
    if _ONLY_CHATS.search(name):
        return None
    return next((family for family in FAMILIES if family.models.search(name)), None)


def templated(request: FillRequest, model: str) -> tuple[str, FillRequest]:
    """The text that the model goes on from, and the request with what the model writes at its end among its stops.

    Raises `InvalidRequest` where the model is of no known family, or the text holds one of its tokens.
    """
    family = family_of(model)
    prompt = family.prompt(request.prefix, request.suffix) if family else None
    if family is None or prompt is None:
        raise InvalidRequest("nothing is known of how this model fills in the middle of this text")
    return prompt, replace(request, stop=(*request.stop, *family.stops))


def is_clear(request: FillRequest, model: str) -> bool:
    """Whether the text holds nothing that the model would take for one of its family's tokens."""
    family = family_of(model)
    return family is None or family.prompt(request.prefix, request.suffix) is not None


def fill_request(gap: Gap) -> FillRequest:
    """What a model is asked that fills gaps."""
    tokens = SEVERAL_LINES_TOKENS if gap.several else ONE_LINE_TOKENS
    stop = () if gap.several else ("\n",)
    return FillRequest(gap.prefix, gap.suffix, tokens, 0.0, stop)


CURSOR = "⟪cursor⟫"

_SYSTEM = (
    "You are the completion of a code editor. You are shown a file with the mark {cursor} where the cursor is. "
    "Answer with one fenced code block that holds exactly the text to insert at the mark, and nothing else: {wanted}. "
    "Never repeat what stands before or behind the mark. Where nothing belongs there, answer with an empty block."
)


def chat_request(gap: Gap, *, hides: bool = False) -> Request:
    """The same, for a model that only chats. `hides`: the text holds placeholders for secrets."""
    wanted = "the next statement or block, indented as it stands there" if gap.several else "the rest of this line"
    name = f"File: {gap.name}\n" if gap.name else ""
    text = f"{gap.prefix}{CURSOR}{gap.suffix}"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    asked = f"{name}{fence}{language(gap.language).fence}\n{text}\n{fence}"
    told = _SYSTEM.format(cursor=CURSOR, wanted=wanted)
    messages = (system(f"{told}\n{INSTRUCTION}" if hides else told), user(asked))
    return Request(messages, max_output_tokens=_CHAT_TOKENS, temperature=0.0, thinking=Effort.NONE)


def from_chat(reply: str, gap: Gap) -> str:
    """What a chat model wants inserted: what its first block holds, with the indentation that its lines lack."""
    text = without_thinking(reply).replace("\r\n", "\n").replace(CURSOR, "")
    found, _ = blocks(text)
    if found:
        text = next((block.text for block in found if block.text.strip()), "")
    first, *others = text.split("\n")
    margin = gap.head if not gap.head.strip() else ""
    if margin and any(line.strip() and not line.startswith(margin) for line in others):
        others = [margin + line if line.strip() else line for line in others]
    return "\n".join([first, *others])
