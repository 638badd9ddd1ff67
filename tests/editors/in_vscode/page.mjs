// VS Code's window in a browser without windows: what is seen is read, keys and clicks go in. Told so by lines of JSON on
// stdin; answers on stdout. Usage: page.mjs DRIVER BROWSER
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [driver, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${driver}/`)("playwright-core");

const args = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
const browser = await chromium.launch({ executablePath, headless: true, args });
const elsewhere = new Set();
const complaints = [];
let context, page;

/** All text in sight, in the window and in its webviews; editors put non-breaking spaces for spaces. */
async function text() {
  const shown = page.frames().filter((frame) => !frame.url().includes("ExtensionHost"));
  const frames = await Promise.all(shown.map((frame) => frame.evaluate(() => document.body?.innerText ?? "").catch(() => "")));
  return frames.join("\n").replaceAll("\u00a0", " ");
}

/** The innermost frame that has such an element: webviews are frames in frames. */
async function frameWith(selector) {
  for (const frame of page.frames().toReversed()) {
    if (await frame.locator(selector).count().catch(() => 0)) return frame;
  }
  return page.mainFrame();
}

const abilities = {
  async open({ url }) {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    page.on("dialog", (dialog) => dialog.accept()); // whether to leave with something unsaved
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(http|ws)s?:$/.test(protocol) && hostname !== "127.0.0.1") elsewhere.add(hostname);
    });
    page.on("console", (told) => told.type() === "error" && complaints.push(told.text()));
    await page.goto(url);
    // Until then the window moves the focus about by itself.
    await page.waitForFunction(() => performance.getEntriesByName("code/didStartWorkbench").length > 0, null, { timeout: 60_000 });
  },
  /** Nothing of the window stays. Its page is left first: VS Code's server takes one that only goes for one that comes back. */
  async leave() {
    if (page && !page.isClosed()) await page.goto("about:blank");
    await context?.close();
    elsewhere.clear();
    complaints.length = 0;
  },
  text,
  press: ({ keys }) => page.keyboard.press(keys),
  type: ({ text: typed }) => page.keyboard.type(typed),
  async click({ selector, has }) {
    const frame = await frameWith(selector);
    const found = has ? frame.locator(selector, { hasText: has }) : frame.locator(selector);
    await found.first().click({ timeout: 60_000 });
  },
  count: async ({ selector }) => (await frameWith(selector)).locator(selector).count(),
  picture: ({ path }) => page.screenshot({ path }).then(() => undefined),
  elsewhere: () => [...elsewhere],
  /** The errors in the window's console. */
  complaints: () => complaints,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ability, ...wish } = JSON.parse(line);
  let answer;
  try {
    answer = { value: await abilities[ability](wish) };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
