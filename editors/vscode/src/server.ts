// Finds the server on this machine, or offers to install it: nothing runs before the person has read the exact words and agreed.
import { homedir } from "node:os";
import { ProcessExecution, Task, TaskRevealKind, TaskScope, Uri, commands, env, tasks, window, workspace } from "vscode";
import { candidates, firstProgram, tools, type Places } from "./finding.ts";
import { selectedPython } from "./python.ts";
import { own } from "./settings.ts";

/** A program that installs, and its words before the source. */
type Installer = { title: string; words: string[] };

/** The server's program, or undefined. The Python extension is woken only where nothing else has it. */
export async function findServer(): Promise<string | undefined> {
  const here = places();
  const found = await firstProgram(candidates(here));
  if (found || here.setting) return found;
  const python = await selectedPython();
  return python && firstProgram(candidates({ ...here, python: python.program }));
}

/** Says that no server was found, and offers what can be done. True where one may be found now. */
export async function offerServer(): Promise<boolean> {
  const set = own<string>("path");
  const problem = set ? `dragoman.path names ${set}, which is no program that can be run; give its whole path.` : "its server is not on this machine yet.";
  const choices = set ? ["Open Settings"] : ["Install…", "I Have It: Open Settings"];
  const chosen = await window.showWarningMessage(`Dragoman: ${problem}`, ...choices);
  if (chosen === "Install…") return installServer();
  if (chosen) await commands.executeCommand("workbench.action.openSettings", "dragoman.path");
  return false;
}

/** Installs the server from where the person says, with the tool they choose. True when it is there. */
export async function installServer(): Promise<boolean> {
  if (!workspace.isTrusted) {
    void window.showWarningMessage("Dragoman: VS Code runs nothing in Restricted Mode. Trust this folder, or install the server in a terminal: uv tool install FOLDER");
    return false;
  }
  const installers = await installersHere();
  if (installers.length === 0) {
    await sayHow();
    return false;
  }
  const source = await window.showInputBox({
    title: "Dragoman: where is it to be installed from? (1/2)",
    prompt: "A folder with Dragoman's repository, a wheel, or git+https://… It is in no package registry yet.",
    placeHolder: "/home/me/dragoman",
    ignoreFocusOut: true,
  });
  if (!source?.trim()) return false;
  const picked = await window.showQuickPick(
    installers.map((installer) => ({ label: installer.title, detail: line(installer, source), installer })),
    { title: "Dragoman: what is to be run? (2/2)", placeHolder: "This is run word for word", ignoreFocusOut: true },
  );
  if (!picked) return false;
  const consent = await window.showWarningMessage(
    "Run this to install Dragoman's server?",
    { modal: true, detail: `${line(picked.installer, source)}\n\nIt downloads the packages that Dragoman needs.` },
    "Run It",
  );
  if (consent !== "Run It") return false;
  if ((await exitCode(picked.installer, source)) === 0) return true;
  const chosen = await window.showErrorMessage("Dragoman: the server could not be installed; the terminal says why.", "Try Again…");
  return chosen ? installServer() : false;
}

/** Nothing is here to install with. */
async function sayHow(): Promise<void> {
  const told = "Dragoman: nothing is here to install with. Install uv or pipx, or select a virtual environment of Python 3.11 or later.";
  const chosen = await window.showErrorMessage(told, "How to Install uv");
  if (chosen) await env.openExternal(Uri.parse("https://docs.astral.sh/uv/getting-started/installation/"));
}

function places(): Places {
  return {
    setting: own<string>("path")?.trim() ?? "",
    environment: process.env,
    home: homedir(),
    windows: process.platform === "win32",
    python: undefined,
  };
}

/** Each replaces a version that is there already, and installs where there is none. */
async function installersHere(): Promise<Installer[]> {
  const here = places();
  const [uv, pipx, python] = await Promise.all([firstProgram(tools("uv", here)), firstProgram(tools("pipx", here)), selectedPython()]);
  return [
    ...(uv ? [{ title: "uv", words: [uv, "tool", "install", "--force"] }] : []),
    ...(pipx ? [{ title: "pipx", words: [pipx, "install", "--force"] }] : []),
    ...(python?.takes ? [{ title: "The selected Python's environment", words: [python.program, "-m", "pip", "install", "--upgrade"] }] : []),
  ];
}

function line(installer: Installer, source: string): string {
  return [...installer.words, source.trim()].map((word) => (/[\s"']/.test(word) ? JSON.stringify(word) : word)).join(" ");
}

/** Runs it in a terminal that the person sees; without a shell, so that the words are just these. */
async function exitCode(installer: Installer, source: string): Promise<number | undefined> {
  const [program, ...words] = installer.words;
  const execution = new ProcessExecution(program ?? "", [...words, source.trim()]);
  const task = new Task({ type: "process" }, TaskScope.Workspace, "Install Dragoman", "Dragoman", execution);
  task.presentationOptions = { reveal: TaskRevealKind.Always };
  return new Promise((resolve) => {
    const ended = tasks.onDidEndTaskProcess((event) => {
      if (event.execution.task.name !== task.name) return;
      ended.dispose();
      resolve(event.exitCode);
    });
    tasks.executeTask(task).then(undefined, () => {
      ended.dispose();
      resolve(undefined);
    });
  });
}
