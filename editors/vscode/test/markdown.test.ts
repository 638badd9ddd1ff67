import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "../src/markdown.ts";

test("an answer's own HTML is shown as text", () => {
  const { html } = page('<script>alert(1)</script>\n\nand <img src=x onerror="alert(1)"> so on');
  assert.doesNotMatch(html, /<script|<img/);
  assert.match(html, /&lt;script&gt;/);
});

test("nothing is loaded or run by a picture or a link", () => {
  const { html } = page("![spy](https://evil.example/pixel) [a](javascript:alert(1)) [b](command:workbench.action.quit) [c](data:text/html,x) [d](https://example.org)");
  assert.doesNotMatch(html, /<img|javascript:alert\(1\)"|href="(command|data|javascript)/);
  assert.match(html, /spy/);
  assert.match(html, /href="https:\/\/example.org"/);
});

test("each block of code has buttons that name it, and its text is kept word for word", () => {
  const { html, blocks } = page("Do\n\n```py\na < b\n```\n\nor\n\n    x = 1\n");
  assert.deepEqual(blocks, ["a < b\n", "x = 1\n"]);
  assert.match(html, /data-act="insert" data-block="0"/);
  assert.match(html, /data-act="copy" data-block="1" aria-label="Copy block 2"/);
  assert.match(html, /a &lt; b/);
});

test("a block that is still being written is a block already", () => {
  assert.deepEqual(page("So:\n\n```py\na = 1").blocks, ["a = 1"]);
});

test("a language's name can't leave its place", () => {
  assert.doesNotMatch(page('```"><script>alert(1)</script>\nx\n```').html, /<script/);
});
