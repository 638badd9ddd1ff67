// The box of VS Code's Git extension in which a commit message is written, before and after the server has written one.
// Knows nothing of the server.
import { Uri, commands, extensions, window } from "vscode";

/** What is used of the Git extension's API, version 1. */
interface Git {
  repositories: Repository[];
  getRepository(file: Uri): Repository | null;
}

interface Repository {
  rootUri: Uri;
  inputBox: { value: string };
  state: { indexChanges: Change[]; workingTreeChanges: Change[]; untrackedChanges?: Change[] };
}

interface Change {
  uri: Uri;
  status: number;
}

/** The API's `Status`: of these the file is not on the disk any more. */
const DELETED: ReadonlySet<number> = new Set([2, 6]);

export interface MessageBox {
  /** A file of the repository: the one in front, else one that has changed. */
  readonly file: Uri | undefined;
  /** What stands in the box. */
  readonly draft: string;
  /** Writes the message there, for what stood there before can be put back. The focus stays where it is. */
  put(message: string): void;
}

/** The box of the repository whose button was pressed, else of the file in front, else of the only one; undefined without Git. */
export async function messageBox(words: readonly unknown[]): Promise<MessageBox | undefined> {
  const git = await gitApi();
  const front = window.activeTextEditor?.document;
  if (!git || front?.languageId === "git-commit") return undefined; // the message's own file is open: it goes there
  const root = words.map(rootOf).find((found) => found);
  const [only, another] = git.repositories;
  const repository = (root && git.getRepository(root)) ?? (front && git.getRepository(front.uri)) ?? (another ? undefined : only);
  if (!repository) return undefined;
  const { inputBox, state, rootUri } = repository;
  const inFront = front?.uri.scheme === "file" && git.getRepository(front.uri)?.rootUri.toString() === rootUri.toString();
  const changes = [...state.indexChanges, ...state.workingTreeChanges, ...(state.untrackedChanges ?? [])];
  return {
    file: inFront ? front.uri : changes.find(({ status }) => !DELETED.has(status))?.uri,
    draft: inputBox.value.trim(),
    put(message) {
      const before = inputBox.value;
      inputBox.value = message.trim();
      void told(before.trim() !== "").then((chosen) => {
        if (chosen === BACK) inputBox.value = before;
        else if (chosen === SHOW) void commands.executeCommand("workbench.view.scm");
      });
    },
  };
}

const SHOW = "Show";
const BACK = "Put Back What Stood There";

function told(replaced: boolean): Thenable<string | undefined> {
  return window.showInformationMessage("Dragoman: the commit message is in Source Control's box.", ...(replaced ? [SHOW, BACK] : [SHOW]));
}

/** Undefined where the extension is not there or `git.enabled` is off. */
async function gitApi(): Promise<Git | undefined> {
  const git = await extensions.getExtension("vscode.git")?.activate();
  return git?.enabled ? git.getAPI(1) : undefined;
}

/** The folder that a button in Source Control belongs to. */
function rootOf(word: unknown): Uri | undefined {
  const root = typeof word === "object" && word !== null && "rootUri" in word ? word.rootUri : undefined;
  return root instanceof Uri ? root : undefined;
}
