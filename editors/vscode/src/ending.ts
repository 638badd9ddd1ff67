// What is done when the server ends, or says what is no LSP: one that worked is started again, but not for ever.
import { CloseAction, ErrorAction, type ErrorHandler } from "vscode-languageclient/node";

const ENDS = 5;
const WITHIN_MILLISECONDS = 3 * 60_000;

/** `works` says whether it has answered and runs; `gaveUp` is called where it is not started again although it had worked. */
export function onEnding(works: () => boolean, gaveUp: () => void): ErrorHandler {
  const ends: number[] = [];
  return {
    // While it starts, nothing but LSP is to be expected of the right program.
    error: (_error, _message, count) => ({ action: works() && count !== undefined && count <= ENDS ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true }),
    closed() {
      const leave = { action: CloseAction.DoNotRestart, handled: true };
      if (!works()) return leave; // whoever starts it tells
      ends.push(Date.now());
      const recent = ends.filter((time) => time > Date.now() - WITHIN_MILLISECONDS);
      if (recent.length < ENDS) return { action: CloseAction.Restart, handled: true };
      gaveUp();
      return leave;
    },
  };
}
