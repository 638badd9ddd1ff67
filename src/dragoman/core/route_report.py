"""A decision as plain values, for plugins and scripts alike. The names are those of docs/protocol.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dragoman.core.route import Candidate, Decision


def report(decision: Decision) -> dict[str, Any]:
    """Everything that a decision says; null is not known, or not set."""
    plan = decision.plan
    return {
        "intent": decision.intent.intent.value,
        "intentReason": decision.intent.reason,
        "candidates": [_candidate(candidate) for candidate in decision.candidates],
        "plan": {
            "selection": plan.selection.value,
            "dispatch": plan.dispatch.value,
            "k": plan.k,
            "minUsefulTokens": plan.min_useful_tokens,
            "maxLatencyMs": plan.max_latency_ms,
            "budgetUsd": plan.budget_usd,
            "stickiness": plan.stickiness,
        },
        "leftOut": [
            {"provider": left_out.provider, "model": left_out.model, "reason": left_out.reason}
            for left_out in decision.left_out
        ],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    place, facts = candidate.place, candidate.facts
    return {
        "provider": place.provider,
        "model": place.model,
        "endpoint": place.endpoint,
        "local": place.local,
        "reason": candidate.reason,
        "health": facts.health.value,
        "latencySeconds": facts.latency_seconds,
        "reliability": facts.reliability,
        "estimatedCostUsd": facts.cost_usd,
    }
