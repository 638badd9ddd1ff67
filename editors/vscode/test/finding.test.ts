import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { candidates, firstProgram } from "../src/finding.ts";

const NOWHERE = { setting: "", environment: {}, home: "/home/me", windows: false, python: undefined };

test("what the person has set is the only candidate", () => {
  assert.deepEqual(candidates({ ...NOWHERE, setting: "/opt/dragoman", environment: { PATH: "/usr/bin" } }), ["/opt/dragoman"]);
  assert.deepEqual(candidates({ ...NOWHERE, setting: "~/bin/dragoman" }), ["/home/me/bin/dragoman"]);
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

test("only a program that can be run is found", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dragoman-"));
  try {
    const [text, program] = [join(folder, "text"), join(folder, "program")];
    await writeFile(text, "");
    await writeFile(program, "");
    await chmod(program, 0o755);
    assert.equal(await firstProgram([join(folder, "none"), text, program]), program);
    assert.equal(await firstProgram([text]), undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
});
