// What a person orders: a command's arguments, completed with the file and the selection, and asked for the words that it needs.
import { Uri, languages, window } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Order } from "./protocol.ts";

const PROMPTS: Readonly<Record<string, string>> = {
  ask: "What do you want to know about this code?",
  edit: "What is to be done with this code?",
};

/** The whole order; undefined where the person gives no instruction to an action that needs one. */
export async function orderOf(client: LanguageClient, action: string, words: readonly unknown[]): Promise<Order | undefined> {
  const order = completed(client, { ...said(words), action });
  const prompt = PROMPTS[action];
  if (!prompt || order.instruction) return order;
  const instruction = (await window.showInputBox({ title: "Dragoman", prompt, ignoreFocusOut: true }))?.trim();
  return instruction ? { ...order, instruction } : undefined;
}

/** One object, or plain words, which are the instruction. What a menu gives, the file or the repository, is no part of it. */
function said(words: readonly unknown[]): Record<string, unknown> {
  const [first] = words;
  if (typeof first === "object" && first !== null && !(first instanceof Uri) && !("rootUri" in first)) return { ...first };
  const instruction = words.filter((word) => typeof word === "string").join(" ");
  return instruction ? { instruction } : {};
}

/** With the file, the selection and, for a fix, the diagnostics there, where the order does not say. */
function completed(client: LanguageClient, order: Order): Order {
  const editor = window.activeTextEditor;
  if (order.textDocument || !editor) return order;
  const { document, selection } = editor;
  const convert = client.code2ProtocolConverter;
  const here = languages.getDiagnostics(document.uri).filter(({ range }) => range.intersection(selection));
  return {
    textDocument: { uri: convert.asUri(document.uri) },
    range: convert.asRange(selection),
    ...(order.action === "fix" && here.length > 0 ? { diagnostics: here.map((diagnostic) => convert.asDiagnostic(diagnostic)) } : {}),
    ...order,
  };
}
