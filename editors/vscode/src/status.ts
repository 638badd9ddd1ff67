// The status bar's item: who answers, what was spent today, and what is wrong. Asks the server, never a provider.
import { MarkdownString, StatusBarAlignment, ThemeColor, window, type Disposable } from "vscode";
import { State, type LanguageClient } from "vscode-languageclient/node";
import { dollars } from "./answer.ts";
import { STATUS, type Status } from "./protocol.ts";

const REFRESH_MILLISECONDS = 30_000;

export class StatusItem implements Disposable {
  private readonly item = window.createStatusBarItem("dragoman.status", StatusBarAlignment.Right, 90);
  private client: LanguageClient | undefined;
  private readonly timer = setInterval(() => window.state.focused && this.refresh(), REFRESH_MILLISECONDS);

  constructor() {
    this.item.name = "Dragoman";
    this.item.command = "dragoman.menu";
    this.item.show();
  }

  /** A server is looked for and started. */
  starting(): void {
    this.client = undefined;
    this.item.text = "$(loading~spin) Dragoman";
    this.item.tooltip = "Dragoman's server is being started.";
    this.item.backgroundColor = undefined;
  }

  /** This is how the server stands that is asked from now on. */
  follow(client: LanguageClient, state: State): void {
    if (state === State.Stopped) return this.none();
    if (state !== State.Running) return this.starting();
    this.client = client;
    void this.refresh();
  }

  /** There is none. */
  none(): void {
    this.client = undefined;
    this.item.text = "$(error) Dragoman: no server";
    this.item.tooltip = "Dragoman's server was not found, or did not start. Click for what can be done.";
    this.item.backgroundColor = new ThemeColor("statusBarItem.warningBackground");
  }

  /** Asks how things stand. */
  async refresh(): Promise<void> {
    const { client } = this;
    if (!client?.isRunning()) return;
    try {
      const status = await client.sendRequest(STATUS);
      if (client === this.client) this.show(status);
    } catch {
      return; // the server is being restarted: it is asked again soon
    }
  }

  dispose(): void {
    clearInterval(this.timer);
    this.item.dispose();
  }

  private show(status: Status): void {
    const { item } = this;
    const spent = status.spentToday.costUsd > 0 ? dollars(status.spentToday.costUsd) : "";
    item.text = [`$(${status.problem ? "warning" : "sparkle"}) ${status.provider ?? "Dragoman"}`, spent].filter(Boolean).join(" · ");
    item.backgroundColor = undefined;
    item.tooltip = new MarkdownString(lines(status).join("\n\n"));
  }
}

function lines(status: Status): string[] {
  const { spentToday } = status;
  const unknown = spentToday.attemptsOfUnknownPrice ? `, and ${spentToday.attemptsOfUnknownPrice} of unknown price` : "";
  return [
    `**Dragoman** ${status.version}`,
    status.provider ? `Answered last: ${code(status.provider)} ${code(status.model ?? "")}` : "Nobody was asked yet.",
    `Today: ${spentToday.attempts} asked, ${dollars(spentToday.costUsd)}${unknown}`,
    ...status.budgets.map(({ name, limitUsd, leftUsd }) => `Budget ${code(name)}: ${dollars(leftUsd)} left of ${dollars(limitUsd)}`),
    ...status.kept.map(({ title }) => `Kept, not applied: ${code(title)}; see the code actions.`),
    ...[status.problem, status.storeProblem, status.ledgerProblem].filter((problem) => problem !== null).map((problem) => `⚠ ${code(problem)}`),
  ];
}

/** Text that is nobody's Markdown. */
function code(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~]/g, "\\$&");
}
