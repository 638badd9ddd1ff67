"""Azure OpenAI: OpenAI's wire under Azure's paths, with its query, its keys, its errors and its filter's notes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from dragoman.simulator import embeddings, openai, openai_completions, openai_responses
from dragoman.simulator.frames import RATE_LIMITS, STATUS, Cause, Frames, Refusal, data, encode, whole_as_frames
from dragoman.simulator.script import Fault

if TYPE_CHECKING:
    from dragoman.simulator.script import Call, Reply


class _Wire(Protocol):
    """The OpenAI wire behind an Azure path."""

    def streams(self, call: Call) -> bool: ...
    def objection(self, call: Call) -> str | None: ...
    def frames(self, call: Call, reply: Reply) -> Frames: ...


_SAFE = {"filtered": False, "severity": "safe"}


def _filter_results(*, filtered: bool = False) -> dict[str, object]:
    violence = {"filtered": True, "severity": "medium"} if filtered else _SAFE
    return {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": violence}


def _filtered_chat(call: Call, reply: Reply) -> Frames:
    """A chat with the filter's notes: on the prompt in a first chunk without choices, on the answer in each choice."""
    prompt = [{"prompt_index": 0, "content_filter_results": _filter_results()}]
    if not call.stream:
        document = openai.whole(call, reply) | {"prompt_filter_results": prompt}
        choices: Any = document["choices"]
        document["choices"] = [choice | {"content_filter_results": _filter_results()} for choice in choices]
        return whole_as_frames(encode(document), reply)
    frames = openai.stream(call, reply)
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": prompt}
    return replace(frames, opening=data(first) + frames.opening)


@dataclass(frozen=True, slots=True)
class _Azure:
    """One of OpenAI's wires as Azure serves it; under `deployments` the API's version stands in the query."""

    wire: _Wire
    versioned: bool = False
    chat: bool = False

    def streams(self, call: Call) -> bool:
        return self.wire.streams(call)

    def objection(self, call: Call) -> str | None:
        if self.versioned and not call.query.get("api-version"):
            return "Missing required query parameter: api-version"
        if not {"api-key", "authorization"} & {*call.headers}:
            return "Access denied due to missing subscription key: send an api-key or an Authorization header."
        return self.wire.objection(call)

    def frames(self, call: Call, reply: Reply) -> Frames:
        return _filtered_chat(call, reply) if self.chat else self.wire.frames(call, reply)

    def refusal(self, cause: Cause, call: Call) -> Refusal:
        status = STATUS[cause.fault]
        match cause.fault:
            case Fault.UNAUTHORIZED:
                said = "Access denied due to invalid subscription key or wrong API endpoint."
                return _plain(status, "401", said)
            case Fault.FORBIDDEN:
                return _plain(status, "403", "Access denied due to Virtual Network/Firewall rules.")
            case Fault.MODEL_NOT_FOUND:
                return _plain(status, "DeploymentNotFound", "The API deployment for this resource does not exist.")
            case Fault() as limit if limit in RATE_LIMITS:
                said = "Requests to the ChatCompletions_Create Operation have exceeded call rate limit. Retry later."
                return _plain(status, "429", said)
            case Fault.CONTENT_FILTER:
                return _filtered_prompt()
            case _:
                return openai.refusal(cause, call)


def _plain(status: int, code: str, said: str) -> Refusal:
    return Refusal(status, encode({"error": {"code": code, "message": said}}))


def _filtered_prompt() -> Refusal:
    said = (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
        "Please modify your prompt and retry."
    )
    results = _filter_results(filtered=True)
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results}
    error = {"message": said, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    return Refusal(400, encode({"error": {**error, "innererror": inner}}))


DEPLOYMENTS = _Azure(openai, versioned=True, chat=True)
DEPLOYED_EMBEDDINGS = _Azure(embeddings.OPENAI, versioned=True)
DEPLOYED_COMPLETIONS = _Azure(openai_completions, versioned=True)
V1 = _Azure(openai, chat=True)
RESPONSES = _Azure(openai_responses)
COMPLETIONS = _Azure(openai_completions)
EMBEDDINGS = _Azure(embeddings.OPENAI)
