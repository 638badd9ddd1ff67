import assert from "node:assert/strict";
import { test } from "node:test";
import { dollars, take, type Answer } from "../src/answer.ts";

function fresh(): Answer {
  return { title: "Explain", markdown: "", line: "", running: true, about: undefined, stop: () => undefined };
}

test("deltas are one text, which a reset throws away", () => {
  const answer = fresh();
  take(answer, { kind: "delta", text: "It " });
  take(answer, { kind: "thinking", text: "hm" });
  take(answer, { kind: "delta", text: "adds." });
  assert.equal(answer.markdown, "It adds.");
  take(answer, { kind: "reset", reason: "the answer broke off" });
  assert.equal(answer.markdown, "");
  assert.equal(answer.line, "the answer broke off");
});

test("a failover says what happened and who answers now", () => {
  const answer = fresh();
  take(answer, { kind: "route", provider: "anthropic", model: "m", reason: "next", after: "ollama: gone" });
  assert.equal(answer.line, "ollama: gone → anthropic · m");
});

test("the end says what it took and cost", () => {
  const answer = fresh();
  take(answer, { kind: "done", provider: "p", model: "m", seconds: 2.34, costUsd: 0.002, cached: false });
  assert.equal(answer.line, "p · m · 2.3 s · < $0.01");
  take(answer, { kind: "done", provider: "p", model: "m", seconds: 0, costUsd: 0, cached: true });
  assert.equal(answer.line, "p · m · 0.0 s · kept from before");
});

test("small amounts are not shown as none, and unknown ones not at all", () => {
  assert.deepEqual([0, 0.001, 0.456, null].map(dollars), ["$0.00", "< $0.01", "$0.46", ""]);
});
