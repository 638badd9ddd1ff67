"""What Gemini's `generateContent` refuses in a request, after Google's API reference and its error messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dragoman.simulator.judging import (
    dicts,
    first_problem,
    is_base64,
    is_limit,
    is_number,
    is_tool_name,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dragoman.simulator.script import Call

_FIELDS = frozenset(  # a list of words reads better as one
    """
    contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent model labels store
    serviceTier
    """.split()  # noqa: SIM905
)
_GENERATION = frozenset(  # a list of words reads better as one
    """
    stopSequences responseMimeType responseSchema responseJsonSchema _responseJsonSchema responseModalities
    candidateCount maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs
    logprobs enableEnhancedCivicAnswers speechConfig thinkingConfig imageConfig mediaResolution audioTimestamp
    routingConfig
    """.split()  # noqa: SIM905
)
_SCHEMA = frozenset(  # a list of words reads better as one
    """
    type format title description nullable enum maxItems minItems properties required minProperties
    maxProperties minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum
    """.split()  # noqa: SIM905
)
"""The part of OpenAPI that `parameters` and `responseSchema` are; the other two fields take JSON Schema itself."""
_SNAKE = re.compile(r"(?<=[a-z])_([a-z])")
_FREE = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"})
"""Where names are the caller's own."""
_CATEGORY = re.compile(r"HARM_CATEGORY_[A-Z_]+")
_THRESHOLDS = frozenset({"OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"})
_LEVELS = frozenset({"minimal", "low", "medium", "high"})
_STOPS = 5
_PLAIN = str.maketrans("-_", "+/")
"""Protobuf's JSON takes both alphabets of base64; Google's own library sends the one for URLs."""
_ROLES = frozenset({"user", "model", "function"})


def objection(call: Call) -> str | None:
    """The first thing in the request that is refused, in the vendor's words, or None."""
    return first_problem(_problems(call))


def _camel(value: Any) -> Any:
    """The request in one spelling: protobuf's JSON takes two, and Google's own library mixes them."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    spelt = {_SNAKE.sub(lambda match: match[1].upper(), name): inner for name, inner in value.items()}
    return {name: inner if name in _FREE else _camel(inner) for name, inner in spelt.items()}


def _problems(call: Call) -> Iterator[str | None]:
    body = _camel(call.body)
    yield _unknown(body, _FIELDS, "")
    if not body.get("contents"):
        yield "* GenerateContentRequest.contents: contents is not specified"
    for number, content in dicts(body.get("contents")):
        yield _in_content(f"contents[{number}]", content)
    if "systemInstruction" in body and not (body["systemInstruction"] or {}).get("parts"):
        yield "* GenerateContentRequest.system_instruction.parts: must not be empty"
    yield _in_turns(body, proven="gemini-3" in call.model)
    yield from _in_tools(body)
    yield from _in_generation(body.get("generationConfig", {}))
    for _, setting in dicts(body.get("safetySettings")):
        if not _CATEGORY.fullmatch(str(setting.get("category"))) or setting.get("threshold") not in _THRESHOLDS:
            yield f"Invalid value at 'safety_settings': {setting}"


def _unknown(value: dict[str, Any], known: frozenset[str], where: str) -> str | None:
    name = unknown(value, known)
    place = f" at '{where}'" if where else ""
    return None if name is None else f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'


def _in_content(where: str, content: dict[str, Any]) -> str | None:
    role = content.get("role", "user")
    if role not in _ROLES:
        return "Please use a valid role: user, model."
    if not content.get("parts"):
        return f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty."
    return first_problem(_in_part(f"{where}.parts[{number}]", part) for number, part in dicts(content["parts"]))


def _in_part(where: str, part: dict[str, Any]) -> str | None:
    match part:
        case {"text": str()}:
            return None
        case {"inlineData": {"mimeType": str() as kind, "data": picture}}:
            if not kind.startswith("image/"):
                return f"Unsupported MIME type: {kind}"
            plain = str(picture).translate(_PLAIN)
            return None if is_base64(plain) else f"Invalid value at '{where}.inline_data.data' (TYPE_BYTES)"
        case {"functionCall": {"name": name, "args": dict()}} if is_tool_name(name):
            return None
        case {"functionResponse": {"name": str() as name, "response": dict()}} if name:
            return None
    return f"* GenerateContentRequest.{where}.data: required oneof field 'data' must have one initialized field"


def _in_turns(body: Any, *, proven: bool) -> str | None:
    """A turn with function calls is followed by one with as many responses; the newest models want their signature."""
    waiting: list[str] = []
    for _, content in dicts(body.get("contents")):
        parts = [part for _, part in dicts(content.get("parts"))]
        responses = [part["functionResponse"].get("name") for part in parts if "functionResponse" in part]
        if sorted(responses) != sorted(waiting):
            return (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        calls = [part for part in parts if "functionCall" in part]
        if calls and proven and "thoughtSignature" not in calls[0]:
            return "Function call is missing a thought_signature in functionCall parts."
        waiting = [part["functionCall"].get("name") for part in calls]
    return "Please ensure that function call turn is followed by a function response turn." if waiting else None


def _in_tools(body: Any) -> Iterator[str | None]:
    names = set()
    for number, tool in dicts(body.get("tools")):
        for index, function in dicts(tool.get("functionDeclarations")):
            where = f"tools[{number}].function_declarations[{index}]"
            names.add(function.get("name"))
            if not is_tool_name(function.get("name")):
                yield f"* GenerateContentRequest.{where}.name: Invalid function name."
            if "parameters" in function and "parametersJsonSchema" in function:
                yield f"{where}: only one of parameters and parameters_json_schema may be set"
            yield _in_schema(function.get("parameters"), f"{where}.parameters")
    choice = (body.get("toolConfig") or {}).get("functionCallingConfig", {})
    if choice.get("mode", "AUTO") not in {"AUTO", "ANY", "NONE", "VALIDATED"}:
        yield "Invalid value at 'tool_config.function_calling_config.mode'"
    if set(choice.get("allowedFunctionNames", ())) - names:
        yield "allowed_function_names contains a function that is not declared"


def _in_schema(schema: Any, where: str) -> str | None:
    if not isinstance(schema, dict):
        return None
    inner = [*(schema.get("properties") or {}).items(), ("items", schema.get("items"))]
    inner += [(str(number), choice) for number, choice in dicts(schema.get("anyOf"))]
    return first_problem(
        (_unknown(schema, _SCHEMA, where), *(_in_schema(value, f"{where}.{name}") for name, value in inner))
    )


def _in_generation(config: Any) -> Iterator[str | None]:
    if not isinstance(config, dict):
        yield "Invalid value at 'generation_config'"
        return
    yield _unknown(config, _GENERATION, "generation_config")
    if not is_number(config.get("temperature"), 0, 2) or not is_number(config.get("topP"), 0, 1):
        yield "* GenerateContentRequest.generation_config: temperature must be in [0.0, 2.0], topP in [0.0, 1.0]"
    if not is_limit(config.get("maxOutputTokens")):
        yield "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive."
    if len(config.get("stopSequences", ())) > _STOPS:
        yield f"The number of stop sequences must not exceed {_STOPS}."
    schemas = [name for name in ("responseSchema", "responseJsonSchema") if name in config]
    if schemas and config.get("responseMimeType") != "application/json":
        yield "responseSchema is only allowed with response_mime_type application/json"
    yield _in_schema(config.get("responseSchema"), "generation_config.response_schema")
    thinking = config.get("thinkingConfig", {})
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        yield "You can only set only one of thinking budget and thinking level."
    if str(thinking.get("thinkingLevel", "low")).lower() not in _LEVELS:
        yield "Invalid value at 'generation_config.thinking_config.thinking_level'"
