// Dragoman for VS Code. The server decides, VS Code shows: this finds and starts the one and puts the parts of the other together.
import { commands, window, workspace, type ExtensionContext } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { clientFor } from "./client.ts";
import { answerIn } from "./kept.ts";
import { offers } from "./offers.ts";
import { AnswerPanel } from "./panel.ts";
import { Previews } from "./preview.ts";
import { run } from "./running.ts";
import { findServer, installServer, offerServer } from "./server.ts";
import { StatusItem } from "./status.ts";

/** What package.json says of commands; its menu of actions is that of the actions. */
interface Contributes {
  commands: { command: string; title: string }[];
  menus: { "dragoman.actions": { command: string }[] };
}

export async function activate(context: ExtensionContext): Promise<void> {
  const contributes = context.extension.packageJSON.contributes as Contributes;
  const titles = new Map(contributes.commands.map(({ command, title }) => [command, title.replace(/…$/, "")]));
  const actions = new Set(contributes.menus["dragoman.actions"].map(({ command }) => command.replace("dragoman.", "")));
  const menus = offers();
  const panel = new AnswerPanel(context.extensionUri);
  const previews = new Previews();
  const status = new StatusItem();
  const titleOf = (action: string): string => titles.get(`dragoman.${action}`) ?? action;
  let client: LanguageClient | undefined;

  let starting: Promise<void> = Promise.resolve();

  /** One start after the other: two wishes that come together make one server. */
  function restart(): Promise<void> {
    return (starting = starting.then(start));
  }

  async function start(): Promise<void> {
    const former = client;
    client = undefined;
    status.starting();
    await former?.dispose().catch(() => undefined); // one that never started can't be stopped
    const program = await findServer();
    if (!program) {
      status.none();
      void offered();
      return;
    }
    const started = (client = clientFor(program, actions, menus, (asked, action, words) =>
      run({ client: asked, panel, previews, titleOf, ran: () => void status.refresh() }, action, words), async (file) => {
      const answer = await answerIn(file);
      if (answer) panel.show(answer);
      return !!answer;
    }));
    started.onDidChangeState(({ newState }) => started === client && status.follow(started, newState));
    await started.start().catch(() => void failed(started, program));
  }

  async function offered(): Promise<void> {
    if (await offerServer()) await restart();
  }

  async function failed({ outputChannel }: LanguageClient, program: string): Promise<void> {
    const chosen = await window.showErrorMessage(`Dragoman: ${program} did not start as a server.`, "Show Log");
    if (chosen) outputChannel.show();
  }

  async function menu(): Promise<void> {
    const entries = contributes.commands.filter(({ command }) => client || !actions.has(command.replace("dragoman.", "")));
    const shown = entries.filter(({ command }) => !/^dragoman\.(menu|preview\..*)$/.test(command));
    const chosen = await window.showQuickPick(shown.map(({ command, title }) => ({ label: title, command })), { title: "Dragoman" });
    if (chosen) await commands.executeCommand(chosen.command);
  }

  context.subscriptions.push(
    menus, panel, previews, status,
    { dispose: () => void client?.stop() },
    commands.registerCommand("dragoman.menu", menu),
    commands.registerCommand("dragoman.restart", restart),
    commands.registerCommand("dragoman.install", async () => (await installServer()) && restart()),
    commands.registerCommand("dragoman.log", () => client?.outputChannel.show()),
    commands.registerCommand("dragoman.settings", () => commands.executeCommand("workbench.action.openSettings", "@ext:dragoman.dragoman")),
    workspace.onDidGrantWorkspaceTrust(restart),
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("dragoman.path") && restart()),
  );
  await restart();
}
