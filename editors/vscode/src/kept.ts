// Answers that the server has written into a file, for it can't know of the panel: they are shown there like the others,
// and take no focus from whoever is typing.
import { window, workspace, type Uri } from "vscode";
import type { Answer } from "./answer.ts";

/** Where the server puts answers, each with a time and the action's title in its name. */
const ANSWER = /\/dragoman\/answers\/[\d-]+-([^/]+)\.md$/i;

/** The answer in this file; undefined where it holds something else. */
export async function answerIn(file: Uri): Promise<Answer | undefined> {
  const name = ANSWER.exec(file.path)?.[1];
  if (!name) return undefined;
  const markdown = Buffer.from(await workspace.fs.readFile(file)).toString("utf-8");
  const title = name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");
  const about = window.activeTextEditor?.document.uri.toString();
  return { title, markdown, line: "", running: false, about, stop: () => undefined };
}
