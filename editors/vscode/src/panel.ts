// The panel in which an answer grows, beside the text it is about. Knows nothing of the server: it is told what to show.
import { randomUUID } from "node:crypto";
import { Range, Uri, ViewColumn, env, window, workspace, type Disposable, type TextEditor, type WebviewPanel } from "vscode";
import type { Answer } from "./answer.ts";
import { page } from "./markdown.ts";

const REDRAW_MILLISECONDS = 50;

export class AnswerPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private answer: Answer | undefined;
  private blocks: string[] = [];
  private redraw: NodeJS.Timeout | undefined;
  private readonly media: Uri;

  constructor(extension: Uri) {
    this.media = Uri.joinPath(extension, "media");
  }

  /** Shows this answer from now on. The focus stays where the person types. */
  show(answer: Answer): void {
    this.answer = answer;
    this.panel ??= this.open();
    this.panel.title = `Dragoman: ${answer.title}`;
    this.panel.reveal(this.panel.viewColumn ?? ViewColumn.Beside, true);
    this.draw();
  }

  /** The answer has changed; nothing where another one is shown by now. */
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
    webview.html = `<!doctype html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'">
<link rel="stylesheet" href="${file("panel.css")}"></head><body>
<header><span id="line" role="status"></span><button id="stop" data-act="stop">Stop</button><button id="all" data-act="all">Copy</button></header>
<main id="answer" aria-live="off"></main><script nonce="${nonce}" src="${file("panel.js")}"></script></body></html>`;
    webview.onDidReceiveMessage((message: { act?: unknown; block?: unknown }) => this.act(message));
    panel.onDidDispose(() => (this.panel = undefined));
    return panel;
  }

  private draw(): void {
    clearTimeout(this.redraw);
    this.redraw = undefined;
    if (!this.answer) return;
    const { html, blocks } = page(this.answer.markdown);
    this.blocks = blocks;
    void this.panel?.webview.postMessage({ html, line: this.answer.line, running: this.answer.running });
  }

  private act({ act, block }: { act?: unknown; block?: unknown }): void {
    const code = this.blocks[Number(block)];
    if (act === "ready") this.draw();
    else if (act === "stop") this.answer?.stop();
    else if (act === "all") void env.clipboard.writeText(this.answer?.markdown ?? "");
    else if (act === "copy" && code !== undefined) void env.clipboard.writeText(code);
    else if (act === "insert" && code !== undefined) void this.insert(code);
  }

  /** In place of the selection in the file that the answer is about; one undo takes it back. */
  private async insert(code: string): Promise<void> {
    const editor = await this.editor();
    if (!editor) {
      void window.showWarningMessage("Dragoman: open the file first that the code is to go into.");
      return;
    }
    const { selection } = editor;
    await editor.edit((edit) => edit.replace(new Range(selection.start, selection.end), code));
    await window.showTextDocument(editor.document, editor.viewColumn);
  }

  private async editor(): Promise<TextEditor | undefined> {
    const about = this.answer?.about;
    if (about === undefined) return window.visibleTextEditors[0];
    const visible = window.visibleTextEditors.find((editor) => editor.document.uri.toString() === about);
    return visible ?? window.showTextDocument(await workspace.openTextDocument(Uri.parse(about)), ViewColumn.One);
  }
}
