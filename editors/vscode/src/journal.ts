// What changes in a document while an edit for it is being made, so that the edit's places, which speak of an earlier text,
// can be found in the text of now.
import { workspace, type Disposable, type TextDocument } from "vscode";
import { TextDocument as Text } from "vscode-languageserver-textdocument";
import type { TextEdit } from "vscode-languageclient/node";
import { applied, carried, changeOf, type Change, type Edit } from "./following.ts";

export interface Journal extends Disposable {
  /** The edits for that version of the document, as they are now; undefined where the person has typed into them. */
  place(edits: readonly TextEdit[], version: number): Edit[] | undefined;
}

export function journalOf(document: TextDocument): Journal {
  const begin = document.getText();
  const seen: { version: number; change: Change }[] = [];
  const listening = workspace.onDidChangeTextDocument((event) => {
    if (event.document !== document) return;
    seen.push(...event.contentChanges.map((told) => ({ version: document.version, change: changeOf(told) })));
  });
  return {
    place(edits, version) {
      const before = seen.filter((entry) => entry.version <= version);
      const text = before.reduce((now, { change: { offset, length, text: typed } }) => applied(now, [{ start: offset, end: offset + length, text: typed }]), begin);
      const base = Text.create("", "", version, text);
      const places = edits.map(({ range, newText }) => ({ start: base.offsetAt(range.start), end: base.offsetAt(range.end), text: newText }));
      const after = seen.filter((entry) => entry.version > version);
      return after.reduce<Edit[] | undefined>((now, { change }) => now && carried(now, change), places);
    },
    dispose: () => listening.dispose(),
  };
}
