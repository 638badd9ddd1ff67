// What the person has set under `dragoman` in VS Code. Never a default: sent to the server, it would win over their config.toml.
import { workspace, type Uri } from "vscode";

type Table = Record<string, unknown>;

/** Settings of the extension's own, which the server does not know. */
const OWN = ["path", "preview", "trace"];

const PERSON = ["globalValue"] as const;
const PROJECT = ["workspaceValue", "workspaceFolderValue"] as const;

/** What the server begins with, and trusts: in Restricted Mode only what the person has set, nothing that a project's folder says. */
export function settingsAtStart(): Table {
  return { ...setIn(workspace.isTrusted ? [...PERSON, ...PROJECT] : PERSON), trusted: workspace.isTrusted };
}

/** What the server is told whenever it asks. In Restricted Mode it takes all of this for a stranger's: there it has the person's from its start. */
export function settingsOf(scope?: Uri): Table {
  return setIn(workspace.isTrusted ? [...PERSON, ...PROJECT] : PROJECT, scope);
}

/** The server's settings that somebody has set in these layers, the nearest one winning key by key. */
function setIn(layers: readonly (typeof PERSON | typeof PROJECT)[number][], scope?: Uri): Table {
  const found = workspace.getConfiguration(undefined, scope).inspect<Table>("dragoman");
  const settings = layers.map((layer) => found?.[layer]).reduce<Table>((lower, upper) => (isTable(upper) ? merged(lower, upper) : lower), {});
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !OWN.includes(name)));
}

/** One of the extension's own settings, with its default from package.json. */
export function own<T>(name: string): T | undefined {
  return workspace.getConfiguration("dragoman").get<T>(name);
}

function merged(lower: Table, upper: Table): Table {
  const result = { ...lower };
  for (const [name, value] of Object.entries(upper)) {
    const below = result[name];
    result[name] = isTable(below) && isTable(value) ? merged(below, value) : value;
  }
  return result;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
