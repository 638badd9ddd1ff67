// What changes in a document while an edit for it is being made, so that the edit's places, which speak of an earlier text,
// can be found in the text of now.
import { workspace, type Disposable, type TextDocument } from "vscode";
import { TextDocument as Text } from "vscode-languageserver-textdocument";
import type { TextEdit } from "vscode-languageclient/node";
import { applied, carried, changeOf, type Change, type Edit, type Proposal } from "./following.ts";

export interface Journal extends Disposable {
  /** Whether anything has changed. */
  touched(): boolean;
  /** What these edits, made for that version of the document, propose now. Where they are touched, the text is that version's. */
  proposal(edits: readonly TextEdit[], version: number): Proposal;
}

export function journalOf(document: TextDocument): Journal {
  const begin = document.getText();
  const seen: { version: number; change: Change }[] = [];
  const listening = workspace.onDidChangeTextDocument((event) => {
    if (event.document !== document) return;
    seen.push(...event.contentChanges.map((told) => ({ version: document.version, change: changeOf(told) })));
  });
  return {
    touched: () => seen.length > 0,
    proposal(edits, version) {
      const before = seen.filter((entry) => entry.version <= version);
      const text = before.reduce((now, { change: { offset, length, text: typed } }) => applied(now, [{ start: offset, end: offset + length, text: typed }]), begin);
      const base = Text.create("", "", version, text);
      const places = edits.map(({ range, newText }) => ({ start: base.offsetAt(range.start), end: base.offsetAt(range.end), text: newText }));
      const after = seen.filter((entry) => entry.version > version);
      const now = after.reduce<Edit[] | undefined>((moving, { change }) => moving && carried(moving, change), places);
      return { edits: now, text: now ? applied(document.getText(), now) : applied(text, places) };
    },
    dispose: () => listening.dispose(),
  };
}
