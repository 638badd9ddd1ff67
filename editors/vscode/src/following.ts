// Edits that wait while the person types on: carried along where the typing is before or behind them, given up where it
// touches them. Pure; places are offsets in the text.

export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** What is proposed: the edits in the text of now, or undefined where the person has typed into them; and the whole text. */
export interface Proposal {
  edits: Edit[] | undefined;
  text: string;
}

/** One change of the document, as VS Code tells of it: `length` characters at `offset` became `text`. */
export interface Change {
  offset: number;
  length: number;
  text: string;
}

/** The edits after the change; undefined where it touches the text that they are made for. */
export function carried(edits: readonly Edit[], change: Change): Edit[] | undefined {
  const first = Math.min(...edits.map((edit) => edit.start));
  const last = Math.max(...edits.map((edit) => edit.end));
  if (change.offset >= last) return [...edits];
  if (change.offset + change.length > first) return undefined;
  const by = change.text.length - change.length;
  return edits.map((edit) => ({ ...edit, start: edit.start + by, end: edit.end + by }));
}

/** The text with the edits, which don't overlap and all speak of it. */
export function applied(text: string, edits: readonly Edit[]): string {
  const backwards = [...edits].sort((a, b) => b.start - a.start);
  return backwards.reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}

/** What VS Code tells of one change. */
export function changeOf(told: { rangeOffset: number; rangeLength: number; text: string }): Change {
  return { offset: told.rangeOffset, length: told.rangeLength, text: told.text };
}
