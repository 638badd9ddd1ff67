// Starts `dragoman lsp` for every file. The server decides, VS Code shows; there is nothing else here.
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const server = { command: "dragoman", args: ["lsp"] };
  client = new LanguageClient("dragoman", "Dragoman", server, {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    synchronize: { configurationSection: "dragoman" },
  });
  return client.start();
};

exports.deactivate = () => client?.stop();
