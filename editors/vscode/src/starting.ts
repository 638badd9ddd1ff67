// Starts the server that was found, and tells the person where it is not what it should be: what is wrong, and what can be done.
import { commands, window, type LogOutputChannel } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { isOlder } from "./finding.ts";

/** A first start on a busy machine is slow; a program that is something else may wait for ever. */
const PATIENCE_MILLISECONDS = 15_000;

/** What can be done, by the words of its button, and the command that does it. */
const REMEDIES: Readonly<Record<string, string>> = {
  "Show Log": "dragoman.log",
  "Install…": "dragoman.install",
  "Restart Server": "dragoman.restart",
  "Open Settings": "workbench.action.openSettings",
};

/** Comes back when the server works, has failed, or has said nothing for long: then it may still come. */
export async function begin(client: LanguageClient, program: string, version: string, log: LogOutputChannel): Promise<void> {
  log.info(`Starting ${program}`);
  let late: NodeJS.Timeout | undefined;
  const patience = new Promise<string>((resolve) => {
    late = setTimeout(() => resolve(`${program} says nothing. Is it Dragoman's server? Name the right one, or install it.`), PATIENCE_MILLISECONDS);
  });
  const problem = await Promise.race([started(client, program, version, log), patience]);
  clearTimeout(late);
  if (problem) void tell(problem, "Show Log", "Install…", "Open Settings");
}

/** One line that says what is wrong, with what can be done about it. */
export async function tell(problem: string, ...choices: string[]): Promise<void> {
  const chosen = await window.showErrorMessage(`Dragoman: ${problem}`, ...choices);
  const command = chosen && REMEDIES[chosen];
  if (command) await commands.executeCommand(command, ...(chosen === "Open Settings" ? ["dragoman.path"] : []));
}

/** What is wrong with it; undefined where nothing is. */
async function started(client: LanguageClient, program: string, version: string, log: LogOutputChannel): Promise<string | undefined> {
  try {
    await client.start();
  } catch (error) {
    log.error(`${program} did not start as a server: ${error instanceof Error ? error.message : String(error)}`);
    return `${program} did not start as a server; the log may say why.`;
  }
  const { name = "", version: theirs = "" } = client.initializeResult?.serverInfo ?? {};
  if (name !== "dragoman") return `${program} is not Dragoman's server. Name the right one, or install it.`;
  if (isOlder(theirs, version)) return `${program} is version ${theirs}, and this extension is made for ${version}: install the newer one.`;
  return undefined;
}
