// What the extension says to the server and hears, beyond LSP: the part of docs/protocol.md that is used here.
import { ProgressType, RequestType, RequestType0, type Range, type TextEdit } from "vscode-languageclient/node";

export interface Order {
  action: string;
  textDocument?: { uri: string };
  range?: Range;
  instruction?: string;
  apply?: boolean;
  workDoneToken?: string;
  partialResultToken?: string;
  [key: string]: unknown;
}

export interface RunResult {
  kind: "edit" | "answer" | "file" | "findings";
  applied: boolean;
  message?: string;
  edits?: TextEdit[];
  version?: number | null;
  markdown?: string;
  provider?: string;
  model?: string;
}

export type Partial =
  | { kind: "route"; provider: string; model: string; reason: string; after?: string }
  | { kind: "delta" | "thinking"; text: string }
  | { kind: "reset"; reason: string }
  | { kind: "done"; provider: string; model: string; seconds: number; costUsd: number | null; cached: boolean }
  | { kind: "usage" };

export interface Status {
  version: string;
  state: "idle" | "busy";
  provider: string | null;
  model: string | null;
  problem: string | null;
  storeProblem: string | null;
  ledgerProblem: string | null;
  spentToday: { attempts: number; costUsd: number; attemptsOfUnknownPrice: number };
  budgets: { name: string; limitUsd: number; leftUsd: number }[];
  kept: { id: string; title: string }[];
}

export const RUN = new RequestType<Order, RunResult, { kind?: string }>("dragoman/run");
export const STATUS = new RequestType0<Status, void>("dragoman/status");
export const PARTIAL = new ProgressType<Partial>();
