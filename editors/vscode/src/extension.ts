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
import { begin, tell } from "./starting.ts";
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
  const log = window.createOutputChannel("Dragoman", { log: true });
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
    await former?.dispose().catch(() => undefined); // one that never started can't be stopped; its process is ended
    const program = await findServer();
    if (!program) {
      log.warn("No server was found: neither by dragoman.path, nor on the PATH, nor where uv and pipx put programs, nor in the selected Python's environment");
      status.none();
      void offered();
      return;
    }
    const started = (client = clientFor(program, {
      actions, log, offers: menus, gaveUp,
      async runAction(asked, action, words) {
        const result = await run({ client: asked, panel, previews, titleOf, ran: () => void status.refresh() }, action, words);
        if (result) void commands.executeCommand("setContext", `dragoman.did.${action}`, true); // a step of the walkthrough
        return result;
      },
      async showAnswer(file) {
        const answer = await answerIn(file);
        if (answer) panel.show(answer);
        return !!answer;
      },
    }));
    started.onDidChangeState(({ newState }) => started === client && status.follow(started, newState));
    await begin(started, program, context.extension.packageJSON.version as string, log);
  }

  async function offered(): Promise<void> {
    if (await offerServer()) await restart();
  }

  function gaveUp(): void {
    void tell("the server ended again and again, so it is not started any more. The log may say why.", "Show Log", "Restart Server");
  }

  async function menu(): Promise<void> {
    const entries = contributes.commands.filter(({ command }) => client || !actions.has(command.replace("dragoman.", "")));
    const shown = entries.filter(({ command }) => !/^dragoman\.(menu|preview\..*)$/.test(command));
    const chosen = await window.showQuickPick(shown.map(({ command, title }) => ({ label: title, command })), { title: "Dragoman" });
    if (chosen) await commands.executeCommand(chosen.command);
  }

  context.subscriptions.push(
    menus, panel, previews, status,
    { dispose: () => void client?.stop().catch(() => undefined) },
    commands.registerCommand("dragoman.menu", menu),
    commands.registerCommand("dragoman.restart", restart),
    commands.registerCommand("dragoman.install", async () => (await installServer()) && restart()),
    commands.registerCommand("dragoman.log", () => log.show()),
    commands.registerCommand("dragoman.settings", () => commands.executeCommand("workbench.action.openSettings", "@ext:dragoman.dragoman")),
    workspace.onDidGrantWorkspaceTrust(restart),
    // In Restricted Mode what the person sets is told at the server's start alone.
    workspace.onDidChangeConfiguration((event) => event.affectsConfiguration(workspace.isTrusted ? "dragoman.path" : "dragoman") && restart()),
    log,
  );
  await restart();
}
