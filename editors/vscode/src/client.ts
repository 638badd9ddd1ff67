// The language client, and what this extension changes on its way: commands run with progress, panel and preview; code actions
// carry no arguments; settings are those that somebody has set.
import { commands, window, type LogOutputChannel, type Uri } from "vscode";
import { LanguageClient, RevealOutputChannelOn, State, type Middleware } from "vscode-languageclient/node";
import { onEnding } from "./ending.ts";
import type { Offers } from "./offers.ts";
import { settingsAtStart, settingsOf } from "./settings.ts";

/** Runs an action; `words` are the command's arguments. */
export type RunAction = (client: LanguageClient, action: string, words: readonly unknown[]) => Promise<unknown>;

export interface Surroundings {
  /** The names of Dragoman's own actions. */
  actions: ReadonlySet<string>;
  offers: Offers;
  log: LogOutputChannel;
  runAction: RunAction;
  /** Shows what the server has put into that file, where it is an answer. */
  showAnswer(file: Uri): Promise<boolean>;
  /** The server has ended too often to be started again. */
  gaveUp(): void;
}

/** A client that is not started yet. */
export function clientFor(program: string, { actions, offers, log, runAction, showAnswer, gaveUp }: Surroundings): LanguageClient {
  const middleware: Middleware = {
    async executeCommand(command, words, next) {
      const action = command.replace(/^dragoman\./, "");
      // What the server lists from its start, and is no action, it does by itself; what it registers later are the person's own actions.
      const listed = client.initializeResult?.capabilities.executeCommandProvider?.commands ?? [];
      if (actions.has(action) || !listed.includes(command)) return runAction(client, action, words);
      try {
        return await next(command, words);
      } catch (error) {
        void window.showErrorMessage(`Dragoman: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    },
    async provideCodeActions(document, range, context, token, next) {
      return offers.take(await next(document, range, context, token));
    },
    resolveCodeAction: (action) => action, // each is whole as it is
    window: {
      async showDocument(shown, _token, next) {
        const done = !shown.external && (await showAnswer(client.protocol2CodeConverter.asUri(shown.uri)));
        return done ? { success: true } : next(shown, _token);
      },
    },
    workspace: {
      didChangeConfiguration: (_sections, next) => next(undefined), // the server asks for what it wants
      configuration: ({ items }) => items.map(({ scopeUri }) => settingsOf(scopeUri ? client.protocol2CodeConverter.asUri(scopeUri) : undefined)),
    },
  };
  const client: LanguageClient = new LanguageClient("dragoman", "Dragoman", { command: program, args: ["lsp"] }, {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
    initializationOptions: settingsAtStart,
    initializationFailedHandler: () => false, // whoever starts it tells
    errorHandler: onEnding(() => client.state === State.Running, gaveUp),
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    middleware,
  });
  client.onDidChangeState(({ newState }) => void commands.executeCommand("setContext", "dragoman.running", newState === State.Running));
  return client;
}
