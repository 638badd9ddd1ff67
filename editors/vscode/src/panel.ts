// The panel in which an answer grows, beside the text it is about, with the earlier ones behind it. Knows nothing of the server:
// it is told what to show.
import { randomUUID } from "node:crypto";
import { Range, TabInputText, Uri, ViewColumn, env, window, workspace, type Disposable, type TextEditor, type WebviewPanel } from "vscode";
import type { Answer } from "./answer.ts";
import { page } from "./markdown.ts";

const REDRAW_MILLISECONDS = 50;
const ANSWERS_KEPT = 20;

export class AnswerPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private answers: Answer[] = [];
  private answer: Answer | undefined;
  private blocks: string[] = [];
  private redraw: NodeJS.Timeout | undefined;
  private readonly media: Uri;

  constructor(extension: Uri) {
    this.media = Uri.joinPath(extension, "media");
  }

  /** Shows this answer from now on. The focus stays where the person types. */
  show(answer: Answer): void {
    this.answers = [...this.answers.slice(1 - ANSWERS_KEPT), answer];
    this.answer = answer;
    this.panel ??= this.open();
    this.panel.reveal(this.panel.viewColumn ?? ViewColumn.Beside, true);
    this.draw();
  }

  /** The answer has changed; nothing is to be seen of it where another one is shown by now. */
  changed(answer: Answer): void {
    if (answer !== this.answer) return;
    if (!answer.running) this.draw();
    else this.redraw ??= setTimeout(() => this.draw(), REDRAW_MILLISECONDS);
  }

  dispose(): void {
    clearTimeout(this.redraw);
    this.panel?.dispose();
  }

  private open(): WebviewPanel {
    const panel = window.createWebviewPanel("dragoman.answer", "Dragoman", { viewColumn: ViewColumn.Beside, preserveFocus: true }, {
      enableScripts: true,
      localResourceRoots: [this.media],
    });
    const { webview } = panel;
    const nonce = randomUUID();
    const file = (name: string): Uri => webview.asWebviewUri(Uri.joinPath(this.media, name));
    webview.html = `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'">
<link rel="stylesheet" href="${file("panel.css")}"></head><body>
<header><span id="line" role="status"></span>
<nav id="others" hidden><button data-act="earlier" aria-label="Earlier answer">‹</button><span id="place"></span><button data-act="later" aria-label="Later answer">›</button></nav>
<button id="stop" data-act="stop">Stop</button><button id="all" data-act="all" aria-label="Copy the whole answer">Copy</button></header>
<main id="answer" aria-live="off"></main><script nonce="${nonce}" src="${file("panel.js")}"></script></body></html>`;
    webview.onDidReceiveMessage((message: { act?: unknown; block?: unknown }) => this.act(message));
    panel.onDidDispose(() => {
      this.panel = undefined;
      // Nobody reads on: the providers need not go on either.
      this.answers.filter(({ running }) => running).forEach(({ stop }) => stop());
    });
    return panel;
  }

  private draw(): void {
    clearTimeout(this.redraw);
    this.redraw = undefined;
    const { panel, answer, answers } = this;
    if (!panel || !answer) return;
    const { html, blocks } = page(answer.markdown);
    const { line, running, title } = answer;
    this.blocks = blocks;
    panel.title = `Dragoman: ${title}`;
    const place = answers.length > 1 ? `${answers.indexOf(answer) + 1} of ${answers.length}` : "";
    void panel.webview.postMessage({ html, line, running, place });
  }

  /** The answer that was given before or after the one that is shown. */
  private turn(by: number): void {
    this.answer = this.answers[this.answers.findIndex((answer) => answer === this.answer) + by] ?? this.answer;
    this.draw();
  }

  private act({ act, block }: { act?: unknown; block?: unknown }): void {
    const code = this.blocks[Number(block)];
    if (act === "ready") this.draw();
    else if (act === "earlier") this.turn(-1);
    else if (act === "later") this.turn(1);
    else if (act === "stop") this.answer?.stop();
    else if (act === "all") void env.clipboard.writeText(this.answer?.markdown ?? "");
    else if (act === "copy" && code !== undefined) void env.clipboard.writeText(code);
    else if (act === "insert" && code !== undefined) void this.insert(code);
  }

  /** In place of the selection in the file that the answer is about; one undo takes it back. A file that was closed meanwhile
   * is shown first: no code goes where the person does not see it.
   */
  private async insert(code: string): Promise<void> {
    const { about } = this.answer ?? {};
    const closed = about !== undefined && !isOpen(about);
    const editor = await editorOf(about, closed, this.panel?.viewColumn).catch(() => undefined);
    if (editor && closed) {
      void window.showInformationMessage("Dragoman: put the cursor where the code is to go, then choose Insert again.");
    } else if (await editor?.edit((edit) => edit.replace(new Range(editor.selection.start, editor.selection.end), code))) {
      await window.showTextDocument(editor!.document, editor!.viewColumn);
    } else {
      void window.showWarningMessage("Dragoman: the code could not be inserted. Copy it to where it is to go.");
    }
  }
}

/** Whether it is shown, or in a tab behind another. */
function isOpen(document: string): boolean {
  const tabs = window.tabGroups.all.flatMap((group) => group.tabs).map(({ input }) => (input instanceof TabInputText ? input.uri : undefined));
  const visible = window.visibleTextEditors.map((editor) => editor.document.uri);
  return [...tabs, ...visible].some((uri) => uri?.toString() === document);
}

/** Where the document is shown, by now at the latest, and never over the panel; undefined where it is nowhere any more. */
async function editorOf(about: string | undefined, closed: boolean, panel: ViewColumn | undefined): Promise<TextEditor | undefined> {
  if (about === undefined) return window.visibleTextEditors[0];
  const uri = Uri.parse(about);
  const visible = window.visibleTextEditors.find((editor) => editor.document.uri.toString() === about);
  if (visible || (closed && uri.scheme !== "file")) return visible;
  return window.showTextDocument(await workspace.openTextDocument(uri), panel === ViewColumn.One ? ViewColumn.Beside : ViewColumn.One);
}
