"""Scripted providers on real loopback sockets: every dialect, every fault. Never used to answer a person's request."""

from dragoman.simulator.script import (
    Call,
    Fault,
    Reply,
    Script,
    ToolCall,
    by_model,
    by_prefix,
    in_order,
    saying_json,
    with_fault,
)
from dragoman.simulator.server import Simulator, closed_url

__all__ = [
    "Call",
    "Fault",
    "Reply",
    "Script",
    "Simulator",
    "ToolCall",
    "by_model",
    "by_prefix",
    "closed_url",
    "in_order",
    "saying_json",
    "with_fault",
]
