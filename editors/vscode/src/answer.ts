// An answer while it grows. Pure: it is told the server's partial results one by one.
import type { Partial } from "./protocol.ts";

export interface Answer {
  readonly title: string;
  markdown: string;
  /** Who answers, how far it is, or why it stopped: one line. */
  line: string;
  running: boolean;
  /** The document that is asked about, as VS Code spells its URI; where code is inserted. */
  readonly about: string | undefined;
  readonly stop: () => void;
}

/** What one partial result does to the answer. */
export function take(answer: Answer, value: Partial): void {
  switch (value.kind) {
    case "route":
      answer.line = `${value.after ? `${value.after} → ` : ""}${value.provider} · ${value.model}`;
      break;
    case "delta":
      answer.markdown += value.text;
      break;
    case "reset":
      answer.markdown = "";
      answer.line = value.reason;
      break;
    case "done": {
      const cost = value.cached ? "kept from before" : dollars(value.costUsd);
      answer.line = [value.provider, value.model, `${value.seconds.toFixed(1)} s`, cost].filter(Boolean).join(" · ");
      break;
    }
    default: // thinking, usage, and what later servers may tell
      break;
  }
}

/** An amount for people; nothing where it is not known. */
export function dollars(usd: number | null): string {
  if (usd === null) return "";
  return usd > 0 && usd < 0.01 ? "< $0.01" : `$${usd.toFixed(2)}`;
}
