// Where the server is: a setting, the PATH, where uv and pipx put programs, the selected Python's environment. Starts nothing.
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import * as path from "node:path";

export interface Places {
  /** `dragoman.path`; empty where it is not set. */
  setting: string;
  environment: NodeJS.ProcessEnv;
  home: string;
  windows: boolean;
  /** The selected Python, where there is one that may be used. */
  python: string | undefined;
}

/** Programs that could be the server, the likeliest first. What the person has set is the only one. */
export function candidates({ setting, environment, home, windows, python }: Places): string[] {
  const whole = setting.startsWith("~/") ? path.join(home, setting.slice(2)) : setting;
  if (path.isAbsolute(whole)) return [whole];
  if (/[/\\]/.test(whole)) return []; // from which folder would that be? Not from whatever project is open
  if (whole) return pathOf(environment).map((folder) => path.join(folder, whole));
  const program = windows ? "dragoman.exe" : "dragoman";
  const data = environment["XDG_DATA_HOME"] || path.join(home, ".local", "share");
  const tools = windows ? path.join(environment["APPDATA"] || home, "uv", "data", "tools") : path.join(data, "uv", "tools");
  const scripts = windows ? "Scripts" : "bin";
  const folders = [
    ...pathOf(environment),
    environment["UV_TOOL_BIN_DIR"],
    environment["XDG_BIN_HOME"],
    environment["PIPX_BIN_DIR"],
    path.join(home, ".local", "bin"),
    path.join(environment["UV_TOOL_DIR"] || tools, "dragoman", scripts),
    path.join(environment["PIPX_HOME"] || path.join(data, "pipx"), "venvs", "dragoman", scripts),
    python && path.dirname(python),
  ];
  return [...new Set(folders.filter((folder) => !!folder))].map((folder) => path.join(folder as string, program));
}

/** Where a tool such as uv may be. One that was started from the desktop often does not have the shell's PATH. */
export function tools(name: string, { environment, home, windows }: Pick<Places, "environment" | "home" | "windows">): string[] {
  const folders = [...pathOf(environment), path.join(home, ".local", "bin"), path.join(home, ".cargo", "bin")];
  return folders.map((folder) => path.join(folder, windows ? `${name}.exe` : name));
}

/** The folders of the PATH. A relative one would be looked for in whatever project is open. */
function pathOf(environment: NodeJS.ProcessEnv): string[] {
  return (environment["PATH"] || environment["Path"] || "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
}

/** The first that is a file and can be run: a folder of that name is often the project itself. */
export async function firstProgram(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    try {
      await access(program, constants.X_OK);
      if ((await stat(program)).isFile()) return program;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Whether a version such as 0.1.0 is before the other; of what is no version nothing is known. */
export function isOlder(version: string, other: string): boolean {
  const [mine, theirs] = [version, other].map((text) => text.split(".").map((part) => parseInt(part, 10)));
  for (const [place, number] of (theirs ?? []).entries()) {
    const own = mine?.[place];
    if (own === undefined || Number.isNaN(own) || own > number) return false;
    if (own < number) return true;
  }
  return false;
}
