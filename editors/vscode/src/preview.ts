// A change shown as a diff before it lands: the text as it is on the left, as it would be on the right. Applied by nobody
// but the person; carried along while they type elsewhere, and given up where they type into it.
import {
  EventEmitter, Range, TabInputTextDiff, Uri, ViewColumn, WorkspaceEdit, commands, env, window, workspace,
  type Disposable, type TextDocument, type TextDocumentContentProvider,
} from "vscode";
import { applied, carried, changeOf, type Change, type Edit, type Proposal } from "./following.ts";

const SCHEME = "dragoman-preview";

interface Preview extends Proposal {
  title: string;
  document: TextDocument;
  /** The line of its first edit when it was shown. */
  line: number;
  again: Again;
}

/** Asks for another one; the text that it is for has moved by so many lines since. */
type Again = (lines: number) => void;

export class Previews implements TextDocumentContentProvider, Disposable {
  private readonly previews = new Map<string, Preview>();
  private readonly changed = new EventEmitter<Uri>();
  private readonly disposables: Disposable[];
  private last = 0;
  readonly onDidChange = this.changed.event;

  constructor() {
    this.disposables = [
      this.changed,
      workspace.registerTextDocumentContentProvider(SCHEME, this),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => this.typed(document, contentChanges.map(changeOf))),
      window.tabGroups.onDidChangeTabs(({ closed }) => closed.forEach(({ input }) => input instanceof TabInputTextDiff && this.drop(input.modified))),
      commands.registerCommand("dragoman.preview.apply", (uri?: Uri) => this.apply(uri)),
      commands.registerCommand("dragoman.preview.discard", (uri?: Uri) => this.close(this.shown(uri))),
      commands.registerCommand("dragoman.preview.again", (uri?: Uri) => this.again(uri)),
    ];
  }

  /** Opens the diff; beside and without the focus where the person is busy with something. */
  async show(title: string, document: TextDocument, proposal: Proposal, busy: boolean, again: Again): Promise<void> {
    const name = document.uri.path.split("/").pop() ?? "";
    const uri = Uri.from({ scheme: SCHEME, path: document.uri.path, query: String(++this.last) });
    const preview: Preview = { ...proposal, title, document, line: lineOf(document, proposal.edits), again };
    this.previews.set(uri.toString(), preview);
    await commands.executeCommand("vscode.diff", document.uri, uri, `${title}: ${name} (not applied yet)`, {
      preview: false,
      ...(busy ? { viewColumn: ViewColumn.Beside, preserveFocus: true } : {}),
    });
    if (!preview.edits) this.touched(uri, preview);
  }

  provideTextDocumentContent(uri: Uri): string {
    return this.previews.get(uri.toString())?.text ?? "";
  }

  dispose(): void {
    this.disposables.forEach((disposable) => disposable.dispose());
  }

  private typed(document: TextDocument, changes: Change[]): void {
    for (const [key, preview] of this.previews) {
      if (preview.document !== document || !preview.edits || changes.length === 0) continue;
      const uri = Uri.parse(key);
      preview.edits = changes.reduce<Edit[] | undefined>((now, change) => now && carried(now, change), preview.edits);
      if (preview.edits) {
        preview.text = applied(document.getText(), preview.edits);
        this.changed.fire(uri);
      } else {
        this.touched(uri, preview);
      }
    }
  }

  private touched(uri: Uri, preview: Preview): void {
    const again = "Try Again", copy = "Copy the New Text";
    const message = `Dragoman: ${preview.title} is for a text that you have changed meanwhile, so it can't be applied.`;
    void window.showWarningMessage(message, again, copy).then((chosen) => {
      if (chosen === again) void this.repeat(uri, preview); // also where the diff is closed by now
      else if (chosen === copy) void env.clipboard.writeText(preview.text);
    });
  }

  private async apply(given?: Uri): Promise<void> {
    const uri = this.shown(given);
    const preview = uri && this.previews.get(uri.toString());
    if (!preview) return;
    const { document, edits } = preview;
    if (!edits || document.isClosed) return this.touched(uri, preview);
    const change = new WorkspaceEdit();
    for (const { start, end, text } of edits) {
      change.replace(document.uri, new Range(document.positionAt(start), document.positionAt(end)), text);
    }
    this.drop(uri); // its own edit is no typing into it
    if (await workspace.applyEdit(change)) return this.close(uri);
    this.previews.set(uri.toString(), preview);
    void window.showWarningMessage(`Dragoman: VS Code did not take the edit. ${preview.title} is still shown; try again.`);
  }

  private async again(given?: Uri): Promise<void> {
    const uri = this.shown(given);
    const preview = uri && this.previews.get(uri.toString());
    if (preview) await this.repeat(uri, preview);
  }

  private async repeat(uri: Uri, preview: Preview): Promise<void> {
    await this.close(uri);
    preview.again(preview.edits ? lineOf(preview.document, preview.edits) - preview.line : 0);
  }

  /** The preview that was named, or that is in front. */
  private shown(given?: Uri): Uri | undefined {
    if (given?.scheme === SCHEME) return given;
    const input = window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof TabInputTextDiff && input.modified.scheme === SCHEME ? input.modified : undefined;
  }

  private async close(uri: Uri | undefined): Promise<void> {
    if (!uri) return;
    this.drop(uri);
    const tabs = window.tabGroups.all.flatMap((group) => group.tabs);
    const tab = tabs.find(({ input }) => input instanceof TabInputTextDiff && input.modified.toString() === uri.toString());
    if (tab) await window.tabGroups.close(tab);
  }

  private drop(uri: Uri): void {
    this.previews.delete(uri.toString());
  }
}

function lineOf(document: TextDocument, edits: readonly Edit[] | undefined): number {
  return edits ? document.positionAt(Math.min(...edits.map(({ start }) => start))).line : 0;
}
