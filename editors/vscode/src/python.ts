// The Python that the person has selected in the Python extension, as that extension documents it. Starts nothing, changes nothing.
import { extensions, workspace, type Uri } from "vscode";

const LEAST = { major: 3, minor: 11 };

export interface SelectedPython {
  program: string;
  /** Whether packages may be put there: new enough, and an environment of its own, not the system's, where that is forbidden. */
  takes: boolean;
}

/** What is used here of https://github.com/microsoft/vscode-python/tree/main/pythonExtensionApi. */
interface PythonApi {
  environments: {
    getActiveEnvironmentPath(): unknown;
    resolveEnvironment(path: unknown): Promise<Resolved | undefined>;
  };
}
interface Resolved {
  executable: { uri: Uri | undefined };
  /** Undefined for a Python that is in no environment. */
  environment: object | undefined;
  version: { major: number | undefined; minor: number | undefined } | undefined;
}

/** Undefined where there is none, or it fails; in Restricted Mode too: an untrusted project would choose what is run. */
export async function selectedPython(): Promise<SelectedPython | undefined> {
  const extension = extensions.getExtension<PythonApi>("ms-python.python");
  if (!extension || !workspace.isTrusted) return undefined;
  try {
    const { environments } = await extension.activate();
    const found = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
    const program = found?.executable.uri?.fsPath;
    return found && program ? { program, takes: !!found.environment && isNewEnough(found.version) } : undefined;
  } catch (error) {
    console.warn("Dragoman: the Python extension does not say which Python is selected:", error);
    return undefined;
  }
}

function isNewEnough(version: Resolved["version"]): boolean {
  const { major = 0, minor = 0 } = version ?? {};
  return major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor);
}
