// One action from order to result: a `dragoman/run` whose progress can be cancelled, whose answer streams into the panel, and
// whose edit is applied by the server, or shown as a diff first where the person wants that.
import { randomUUID } from "node:crypto";
import { ProgressLocation, Uri, window, workspace, type Disposable, type TextDocument } from "vscode";
import { CancellationTokenSource, ErrorCodes, LSPErrorCodes, ResponseError, WorkDoneProgress, type LanguageClient } from "vscode-languageclient/node";
import { take, type Answer } from "./answer.ts";
import { messageBox, type MessageBox } from "./commit.ts";
import { journalOf } from "./journal.ts";
import { orderOf } from "./orders.ts";
import type { AnswerPanel } from "./panel.ts";
import type { Previews } from "./preview.ts";
import { PARTIAL, RUN, type Order, type RunResult } from "./protocol.ts";
import { own } from "./settings.ts";

/** Actions with an answer for the panel, and those whose edit can be seen as a diff first. The server delivers the rest. */
const ANSWERS: ReadonlySet<string> = new Set(["ask", "explain"]);
const EDITS: ReadonlySet<string> = new Set(["fix", "edit", "refactor", "document"]);

/** What the language client rejects a request with when the server is not there any more. */
const GONE: ReadonlySet<number> = new Set<number>([
  ErrorCodes.PendingResponseRejected, ErrorCodes.ConnectionInactive, ErrorCodes.MessageReadError, ErrorCodes.MessageWriteError,
]);

export interface Desk {
  client: LanguageClient;
  panel: AnswerPanel;
  previews: Previews;
  titleOf(action: string): string;
  /** Something was asked: what is spent, and who answers, may have changed. */
  ran(): void;
}

/** Runs the action for a command with these arguments. What goes wrong is told here; there is no result then. */
export async function run(desk: Desk, action: string, words: readonly unknown[]): Promise<RunResult | undefined> {
  const box = action === "commit" ? await messageBox(words) : undefined;
  const order = await orderOf(desk.client, action, words);
  if (!order) return undefined;
  const title = desk.titleOf(action);
  const document = openDocument(order);
  try {
    if (box) return await written(desk.client, title, order, box);
    if (ANSWERS.has(action)) return await answered(desk, title, order, document);
    if (EDITS.has(action) && own<boolean>("preview") && document) return await previewed(desk, title, order, document);
    return await sent(desk.client, title, order, new CancellationTokenSource());
  } catch (error) {
    if (!isCancelled(error)) void window.showErrorMessage(`Dragoman: ${sentence(error)}`);
    return undefined;
  } finally {
    desk.ran();
  }
}

/** With the answer in the panel, from its first word. */
async function answered({ client, panel }: Desk, title: string, order: Order, document: TextDocument | undefined): Promise<RunResult> {
  const cancelling = new CancellationTokenSource();
  const about = document?.uri.toString();
  const answer: Answer = { title, markdown: "", line: "Asking…", running: true, about, stop: () => cancelling.cancel() };
  const partialResultToken = randomUUID();
  const listening = client.onProgress(PARTIAL, partialResultToken, (value) => {
    take(answer, value);
    panel.changed(answer);
  });
  panel.show(answer);
  try {
    // The panel has a Stop of its own; a notification would lie over the answer.
    const result = await sent(client, title, { ...order, partialResultToken, apply: false }, cancelling, ProgressLocation.Window);
    answer.markdown = result.markdown ?? answer.markdown;
    return result;
  } catch (error) {
    answer.line = isCancelled(error) ? "Cancelled" : sentence(error);
    throw error;
  } finally {
    listening.dispose();
    answer.running = false;
    panel.changed(answer);
  }
}

/** With the commit message in Source Control's box. What stands there already is what the model is to keep to. */
async function written(client: LanguageClient, title: string, order: Order, box: MessageBox): Promise<RunResult> {
  const instruction = order.instruction ?? (box.draft && `Keep to what is written of it so far:\n${box.draft}`);
  const start = { line: 0, character: 0 };
  const file = box.file && { textDocument: { uri: client.code2ProtocolConverter.asUri(box.file) }, range: { start, end: start } };
  const result = await sent(client, title, { ...order, ...file, ...(instruction ? { instruction } : {}), apply: false }, new CancellationTokenSource());
  box.put(result.markdown ?? "");
  return result;
}

/** With the edit as a diff, which the person applies or not. */
async function previewed(desk: Desk, title: string, order: Order, document: TextDocument): Promise<RunResult> {
  const journal = journalOf(document);
  try {
    const result = await sent(desk.client, title, { ...order, apply: false }, new CancellationTokenSource());
    const { edits = [], version, message } = result;
    if (message) void window.showWarningMessage(`Dragoman: ${message}`);
    if (edits.length === 0) {
      void window.showInformationMessage(`Dragoman: ${title}: ${message ?? "the model proposes no change"}.`);
    } else {
      const proposal = journal.proposal(edits, version ?? document.version);
      const busy = journal.touched() || window.activeTextEditor?.document !== document;
      await desk.previews.show(title, document, proposal, busy, (lines) => void run(desk, order.action, [moved(order, lines)]));
    }
    return result;
  } finally {
    journal.dispose();
  }
}

/** The request itself, under progress. A notification has a Cancel, which closes the provider's connection. */
async function sent(
  client: LanguageClient, title: string, order: Order, cancelling: CancellationTokenSource, location = ProgressLocation.Notification,
): Promise<RunResult> {
  const workDoneToken = randomUUID();
  return window.withProgress({ location, title: `Dragoman: ${title}`, cancellable: true }, async (progress, token) => {
    const listening: Disposable[] = [
      token.onCancellationRequested(() => cancelling.cancel()),
      client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
        if (value.message) progress.report({ message: value.message });
      }),
    ];
    try {
      return await client.sendRequest(RUN, { ...order, workDoneToken }, cancelling.token);
    } finally {
      listening.forEach((one) => one.dispose());
      cancelling.dispose();
    }
  });
}

/** The same order for a text in which its place is so many lines further down. */
function moved(order: Order, lines: number): Order {
  if (!order.range) return order;
  const { start, end } = order.range;
  return { ...order, range: { start: { ...start, line: start.line + lines }, end: { ...end, line: end.line + lines } } };
}

function openDocument(order: Order): TextDocument | undefined {
  const uri = order.textDocument && Uri.parse(order.textDocument.uri).toString();
  return workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

function isCancelled(error: unknown): boolean {
  return error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
}

/** One line for the person. Where the server is gone, the language client's own words say nothing of what to do. */
function sentence(error: unknown): string {
  if (error instanceof ResponseError && !GONE.has(error.code)) return error.message;
  return "the server ended while it worked, so nothing was changed. It is started again; run the action once more then.";
}
