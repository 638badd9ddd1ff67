// Does inside VS Code's extension host what a scenario asks for, through VS Code's own API, as any extension could. It is told
// so by lines of JSON on a socket. It knows nothing of Dragoman.
const { connect } = require("node:net");
const { createInterface } = require("node:readline");
const { Diagnostic, Position, Range, Selection, Uri, commands, env, extensions, languages, window, workspace } = require("vscode");

const editor = () => window.activeTextEditor ?? window.visibleTextEditors.find(({ document }) => document.uri.scheme === "file");

/** None where the editor has cancelled the question, because something has changed meanwhile. */
async function actions() {
  const { document, selection } = editor();
  try {
    return await commands.executeCommand("vscode.executeCodeActionProvider", document.uri, selection);
  } catch (error) {
    if (error?.name === "Canceled") return [];
    throw error;
  }
}

async function type(text) {
  for (const character of text) await commands.executeCommand("type", { text: character === "\r" ? "\n" : character });
}

const abilities = {
  async open({ path }) {
    await window.showTextDocument(Uri.file(path));
  },
  notebook: ({ path }) => commands.executeCommand("vscode.openWith", Uri.file(path), "jupyter-notebook"),
  select({ line, character = 0, to = [line, character] }) {
    const shown = editor();
    shown.selection = new Selection(new Position(line, character), new Position(...to));
    shown.revealRange(shown.selection);
  },
  async typeLine({ text }) {
    await commands.executeCommand("editor.action.insertLineAfter");
    await type(text);
  },
  type: ({ text }) => type(text),
  undo: () => commands.executeCommand("undo"),
  text: () => editor()?.document.getText() ?? "",
  actions: async () => (await actions()).map(({ title }) => title),
  /** Not waited for: an action may go on for long. How many arguments its command has; nothing where there is no such action. */
  async run({ title }) {
    const action = (await actions()).find((action) => action.title === title);
    if (!action) return undefined;
    const { command, edit } = action;
    if (edit) await workspace.applyEdit(edit);
    if (command) void commands.executeCommand(command.command, ...(command.arguments ?? []));
    return { arguments: command?.arguments?.length ?? 0 };
  },
  command({ name, words = [] }) {
    void commands.executeCommand(name, ...words);
  },
  set: ({ name, value }) => workspace.getConfiguration().update(name, value, true),
  tabs: () => window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label)),
  commands: () => commands.getCommands(true),
  diagnose({ line, message }) {
    const found = new Diagnostic(new Range(line, 0, line, 80), message);
    languages.createDiagnosticCollection("tests").set(editor().document.uri, [found]);
  },
  problems: () => languages.getDiagnostics().flatMap(([, found]) => found.map(({ message }) => message)),
  clipboard: () => env.clipboard.readText(),
  process: () => process.pid,
  package: ({ id }) => extensions.getExtension(id).packageJSON,
};

exports.activate = () => {
  const socket = connect(process.env.EDITOR_AGENT);
  createInterface({ input: socket }).on("line", async (line) => {
    const { ability, ...wish } = JSON.parse(line);
    let answer;
    try {
      answer = { value: await abilities[ability](wish) };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    socket.write(`${JSON.stringify(answer)}\n`);
  });
};
