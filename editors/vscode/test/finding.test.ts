import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { candidates, firstProgram, isOlder } from "../src/finding.ts";

const NOWHERE = { setting: "", environment: {}, home: "/home/me", windows: false, python: undefined };

test("what the person has set is the only candidate", () => {
  assert.deepEqual(candidates({ ...NOWHERE, setting: "/opt/dragoman", environment: { PATH: "/usr/bin" } }), ["/opt/dragoman"]);
  assert.deepEqual(candidates({ ...NOWHERE, setting: "~/bin/dragoman" }), ["/home/me/bin/dragoman"]);
});

test("a set name is looked for on the PATH, and a relative path nowhere: it would begin in whatever project is open", () => {
  assert.deepEqual(candidates({ ...NOWHERE, setting: "dragoman-next", environment: { PATH: "/usr/bin:." } }), ["/usr/bin/dragoman-next"]);
  assert.deepEqual(candidates({ ...NOWHERE, setting: "./bin/dragoman", environment: { PATH: "/usr/bin" } }), []);
});

test("the PATH comes first, then where uv and pipx put programs, then the selected Python", () => {
  const found = candidates({ ...NOWHERE, environment: { PATH: "/usr/bin:/opt/bin" }, python: "/venv/bin/python" });
  assert.deepEqual(found, [
    "/usr/bin/dragoman",
    "/opt/bin/dragoman",
    "/home/me/.local/bin/dragoman",
    "/home/me/.local/share/uv/tools/dragoman/bin/dragoman",
    "/home/me/.local/share/pipx/venvs/dragoman/bin/dragoman",
    "/venv/bin/dragoman",
  ]);
});

test("a relative folder on the PATH is not looked into: it would be the project's", () => {
  assert.ok(!candidates({ ...NOWHERE, environment: { PATH: ".:bin:/usr/bin" } }).some((program) => !program.startsWith("/")));
});

test("only a file that can be run is found", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dragoman-"));
  try {
    const [text, program, project] = [join(folder, "text"), join(folder, "program"), join(folder, "project")];
    await mkdir(project);
    await writeFile(text, "");
    await writeFile(program, "");
    await chmod(program, 0o755);
    assert.equal(await firstProgram([join(folder, "none"), text, project, program]), program);
    assert.equal(await firstProgram([text]), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a version is older where its first part that differs is less; of what is no version nothing is known", () => {
  for (const [mine, theirs] of [["0.1.0", "0.2.0"], ["0.9.0", "0.10.0"], ["0.1.9", "1.0.0"], ["0.1.0.dev3", "0.1.1"]]) {
    assert.ok(isOlder(mine ?? "", theirs ?? ""), mine);
    assert.ok(!isOlder(theirs ?? "", mine ?? ""), theirs);
  }
  assert.ok(!isOlder("0.1.0", "0.1.0"));
  assert.ok(!isOlder("", "0.1.0"));
});
