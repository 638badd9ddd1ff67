// Starts `dragoman lsp` for every file. The server decides, VS Code shows; there is nothing else here.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = (context) => {
  const server = { command: "dragoman", args: ["lsp"] };
  client = new LanguageClient("dragoman", "Dragoman", server, {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
    synchronize: { configurationSection: "dragoman" },
    // In Restricted Mode no project's settings file is trusted, and nobody is asked about one.
    initializationOptions: () => ({ trusted: workspace.isTrusted }),
  });
  context.subscriptions.push(workspace.onDidGrantWorkspaceTrust(() => client.restart()));
  return client.start();
};

exports.deactivate = () => client?.stop();
