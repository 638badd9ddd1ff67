// Stands in for the Python extension, as far as that one documents its API: the selected Python is what the desk's
// selected-python.json says, and none where there is no such file.
const { readFile } = require("node:fs/promises");
const { dirname, join } = require("node:path");
const { Uri } = require("vscode");

const file = join(dirname(process.env.EDITOR_AGENT), "selected-python.json");

exports.activate = () => ({
  environments: {
    getActiveEnvironmentPath: () => ({ id: file, path: file }),
    async resolveEnvironment({ path }) {
      const text = await readFile(path, "utf-8").catch(() => undefined);
      if (!text) return undefined;
      const { program, version, environment } = JSON.parse(text);
      return { id: path, path: program, executable: { uri: Uri.file(program) }, version, environment };
    },
  },
});
