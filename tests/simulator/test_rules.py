"""What each vendor refuses in a request, and what it takes: the simulator judges before the script is asked."""

from __future__ import annotations

import pytest

from dragoman.simulator import Reply, Simulator

SCHEMA = {"type": "object", "properties": {}}
FUNCTION = {"type": "function", "function": {"name": "read", "parameters": SCHEMA}}
ASKED = {"role": "user", "content": "Say something."}
CALL = {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
USED = {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}}
PNG = "iVBORw0KGgo="


def image(url):
    """A message with a picture, as OpenAI has it."""
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}


def content(*parts, role="user"):
    """A turn, as Gemini has it."""
    return {"role": role, "parts": [*parts]}


REFUSED = [
    ("openai", {"messages": [{"role": "robot", "content": "hi"}]}, "'robot'"),
    ("openai", {"messages": [{"role": "user", "content": None}]}, "got null"),
    ("openai", {"messages": [image("data:image/bmp;base64,AAAA")]}, "valid image URL"),
    ("openai", {"messages": [image("data:image/png;base64,no!")]}, "valid image URL"),
    ("openai", {"messages": [{**image("https://a.invalid/b.png"), "role": "assistant"}]}, "not allowed"),
    ("openai", {"messages": [ASKED, {"role": "tool", "tool_call_id": "x", "content": ""}]}, "preceeding message"),
    ("openai", {"messages": [ASKED, {"role": "assistant", "tool_calls": [CALL]}, ASKED]}, "call_1"),
    ("openai", {"messages": [ASKED, {"role": "assistant", "tool_calls": [{"id": "a"}]}]}, "tool_calls[0]"),
    ("openai", {"tools": [{"type": "function", "function": {"name": "a b"}}]}, "does not match pattern"),
    ("openai", {"tools": [{"type": "function", "function": {"name": "a", "parameters": {}}}]}, "Invalid schema"),
    ("openai", {"tool_choice": "auto"}, "only allowed when 'tools'"),
    ("openai", {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "not among"),
    ("openai", {"response_format": {"type": "json_object"}}, "the word 'json'"),
    ("openai", {"response_format": {"type": "json_schema"}}, "json_schema"),
    ("openai", {"stop": ["a", "b", "c", "d", "e"]}, "'stop'"),
    ("openai", {"temperature": 3}, "'temperature'"),
    ("openai", {"max_tokens": 0}, "'max_tokens'"),
    ("openai", {"reasoning_effort": "enormous"}, "reasoning_effort"),
    ("openai", {"model": "gpt-5-mini", "max_tokens": 9}, "max_completion_tokens"),
    ("openai", {"model": "o3", "temperature": 0.2}, "Only 1 is supported"),
    ("responses", {"input": []}, "'input'"),
    ("responses", {"messages": []}, "Unknown parameter: 'messages'"),
    ("responses", {"max_output_tokens": 8}, ">= 16"),
    (
        "responses",
        {"input": [{"type": "function_call", "call_id": "a", "name": "b", "arguments": "{}"}]},
        "No tool output",
    ),
    ("responses", {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}], "store": False}, "'rs_1' not found"),
    ("responses", {"input": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, "'text'"),
    ("responses", {"tools": [FUNCTION]}, "tools[0].name"),
    ("responses", {"text": {"format": {"type": "json_schema"}}}, "text.format"),
    ("azure", {"messages": []}, "'messages'"),
    ("anthropic", {"stop": ["a"]}, "stop: Extra inputs"),
    ("anthropic", {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "non-empty"),
    ("anthropic", {"messages": [ASKED, {"role": "assistant", "content": [USED]}, ASKED]}, "toolu_1"),
    ("anthropic", {"messages": [ASKED, {"role": "assistant", "content": [USED]}]}, "toolu_1"),
    ("anthropic", {"messages": [ASKED, {"role": "assistant", "content": [{**USED, "id": "a b"}]}]}, "tool_use.id"),
    (
        "anthropic",
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]},
        "unexpected",
    ),
    (
        "anthropic",
        {
            "messages": [
                ASKED,
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "a", "signature": ""}]},
            ]
        },
        "Invalid `signature`",
    ),
    ("anthropic", {"tools": [{"name": "read", "input_schema": {}}]}, "Input should be 'object'"),
    ("anthropic", {"tools": [{"name": "read", "input_schema": SCHEMA}] * 2}, "unique"),
    ("anthropic", {"tool_choice": {"type": "tool", "name": "x"}}, "not found"),
    ("anthropic", {"max_tokens": 4096, "thinking": {"type": "enabled"}}, "budget_tokens"),
    ("anthropic", {"max_tokens": 4096, "thinking": {"type": "adaptive"}, "temperature": 0.5}, "`temperature`"),
    ("anthropic", {"temperature": 1.5}, "range: 0..1"),
    ("anthropic", {"stop_sequences": [" "]}, "non-whitespace"),
    (
        "anthropic",
        {"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}] * 5},
        "maximum of 4",
    ),
    ("gemini", {"contents": []}, "contents is not specified"),
    ("gemini", {"messages": []}, 'Unknown name \\"messages\\"'),
    ("gemini", {"contents": [content({"text": "a"}, role="assistant")]}, "valid role"),
    ("gemini", {"contents": [content()]}, "must not be empty"),
    ("gemini", {"contents": [content({"inlineData": {"mimeType": "image/png", "data": "!"}})]}, "inline_data"),
    (
        "gemini",
        {"contents": [content({"functionCall": {"name": "read", "args": {}}}, role="model")]},
        "function call turn",
    ),
    (
        "gemini",
        {"tools": [{"functionDeclarations": [{"name": "a", "parameters": {**SCHEMA, "additionalProperties": False}}]}]},
        "additionalProperties",
    ),
    ("gemini", {"generationConfig": {"maxTokens": 3}}, "maxTokens"),
    ("gemini", {"generationConfig": {"stopSequences": ["a"] * 6}}, "stop sequences"),
    ("gemini", {"generationConfig": {"responseSchema": SCHEMA}}, "application/json"),
    ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "low"}}}, "only one"),
    ("gemini", {"safetySettings": [{"category": "RUDE", "threshold": "OFF"}]}, "safety_settings"),
    ("ollama", {"messages": [{"role": "robot", "content": "a"}]}, "invalid role"),
    ("ollama", {"messages": [{**ASKED, "images": ["data:image/png;base64,AAAA"]}]}, "illegal base64"),
    ("ollama", {"messages": [{"role": "assistant", "tool_calls": [CALL]}]}, "ToolCallFunctionArguments"),
    ("ollama", {"tools": [{"name": "read"}]}, "api.Tool"),
    ("ollama", {"think": "enormous"}, "think value"),
    ("ollama", {"format": "xml"}, "invalid format"),
    ("ollama", {"options": []}, "ChatRequest.options"),
]


@pytest.mark.parametrize(("name", "change", "reason"), REFUSED)
async def test_what_breaks_a_vendors_rule_is_refused(wires, client, name, change, reason):
    """A request that the vendor would refuse is a 400 in its shape, says why, and never reaches the script."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        response = await http.request(**wires[name].request(**change))
    assert response.status_code == 400
    assert reason in response.text
    assert simulator.completions[0].pieces_sent == 0


TAKEN = [
    ("openai", {"messages": [image(f"data:image/png;base64,{PNG}")], "tools": [FUNCTION], "tool_choice": "required"}),
    (
        "openai",
        {
            "messages": [
                ASKED,
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "call_1", "content": "a"},
            ]
        },
    ),
    ("openai", {"model": "gpt-5-mini", "max_completion_tokens": 9, "reasoning_effort": "low"}),
    ("responses", {"input": "plain text", "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}}),
    (
        "responses",
        {
            "input": [
                {"role": "user", "content": [{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}]}
            ]
        },
    ),
    ("anthropic", {"tools": [{"name": "read", "input_schema": SCHEMA}], "tool_choice": {"type": "any"}}),
    ("anthropic", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
    ("gemini", {"system_instruction": {"parts": [{"text": "a"}]}, "generation_config": {"max_output_tokens": 9}}),
    ("gemini", {"contents": [content({"inline_data": {"mime_type": "image/png", "data": "_-8="}})]}),
    ("ollama", {"messages": [{**ASKED, "images": [PNG]}], "format": SCHEMA, "think": "low", "keep_alive": -1}),
]


@pytest.mark.parametrize(("name", "change"), TAKEN)
async def test_what_keeps_the_rules_is_taken(wires, client, name, change):
    """Pictures, tools, results, schemas and thinking in the vendor's own form are no mistake."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        response = await http.request(**wires[name].request(**change))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/completions", {"model": "m"}, "'prompt'"),
        ("/v1/completions", {"model": "m", "prompt": "a", "messages": []}, "messages"),
        ("/v1/fim/completions", {"model": "m", "suffix": "a"}, "Field required: prompt"),
        ("/v1/fim/completions", {"model": "m", "prompt": "a", "stream_options": {}}, "Extra inputs"),
        ("/infill", {"input_prefix": "a"}, "input_suffix"),
        ("/api/generate", {"prompt": "a"}, "model is required"),
        ("/api/generate", {"model": "m", "suffix": 3}, "suffix"),
        ("/api/pull", {}, "invalid model name"),
        ("/v1/embeddings", {"model": "m"}, "'input'"),
        ("/v1/embeddings", {"model": "m", "input": ["a", ""]}, "empty string"),
        ("/v1/embeddings", {"model": "m", "input": ["a"] * 2049}, "2048"),
        ("/api/embed", {"input": "a"}, "model parameter"),
        ("/v1beta/models/m:batchEmbedContents", {"requests": [{"content": {"parts": [{"text": "a"}]}}]}, "requests[0]"),
        ("/v1/projects/p/locations/l/publishers/google/models/m:predict", {"instances": [{}]}, "instances"),
        ("/openai/deployments/d/chat/completions", {"messages": [ASKED]}, "api-version"),
        ("/openai/v1/embeddings", {"model": "m", "input": "a"}, "missing subscription key"),
    ],
)
async def test_the_smaller_endpoints_have_rules_too(client, path, body, reason):
    """Filling gaps, embeddings, pulls and Azure's own conditions are judged as well."""
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        response = await http.post(path, json=body)
    assert response.status_code == (422 if "fim" in path else 400)
    assert reason in response.text


async def test_the_newest_geminis_want_their_signature_back(wires, client):
    """A function call without the signature of its thoughts is refused by the newest models alone."""
    call = {"functionCall": {"name": "read", "args": {}}}
    result = {"functionResponse": {"name": "read", "response": {}}}

    def turns(part):
        return {"contents": [content({"text": "a"}), content(part, role="model"), content(result)]}

    path = "/v1beta/models/gemini-3-pro:generateContent"
    async with Simulator(Reply()) as simulator, client(simulator) as http:
        bare = await http.post(path, json=turns(call))
        signed = await http.post(path, json=turns(call | {"thoughtSignature": "c2NyaXB0ZWQ="}))
        older = await http.request(**wires["gemini"].request(**turns(call)))
    assert [bare.status_code, signed.status_code, older.status_code] == [400, 200, 200]
    assert "thought_signature" in bare.text
