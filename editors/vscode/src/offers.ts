// Code actions as VS Code can run them: it may have dropped a command's arguments by the time an action is chosen, so each
// action gets a command of its own, without arguments. Changes nothing else of what the server offers.
import { CodeAction, commands, type Command, type Disposable } from "vscode";

/** Menus whose actions can still be chosen; VS Code asks for one at every move of the cursor. */
const MENUS_KEPT = 20;

export interface Offers extends Disposable {
  /** Replaces each command that has arguments. */
  take<T extends Command | CodeAction>(actions: T[] | null | undefined): T[] | null | undefined;
}

export function offers(): Offers {
  const menus: Disposable[][] = [];
  let last = 0;
  return {
    take(actions) {
      const menu: Disposable[] = [];
      for (const action of actions ?? []) {
        if (!(action instanceof CodeAction) || !action.command?.arguments?.length) continue;
        const { command, title, arguments: words } = action.command;
        const own = `dragoman.offer.${++last}`;
        menu.push(commands.registerCommand(own, () => commands.executeCommand(command, ...words)));
        action.command = { title, command: own };
      }
      if (menu.length) menus.push(menu);
      while (menus.length > MENUS_KEPT) menus.shift()?.forEach((command) => command.dispose());
      return actions;
    },
    dispose() {
      menus.flat().forEach((command) => command.dispose());
    },
  };
}
