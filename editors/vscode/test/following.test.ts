import assert from "node:assert/strict";
import { test } from "node:test";
import { applied, carried } from "../src/following.ts";

const TEXT = "one\ntwo\nthree\n";
const EDITS = [{ start: 4, end: 7, text: "2" }];

test("an edit moves along with what is typed before it, and lands on the same words", () => {
  const now = carried(EDITS, { offset: 0, length: 3, text: "first" });
  assert.ok(now);
  assert.equal(applied("first\ntwo\nthree\n", now), "first\n2\nthree\n");
});

test("an edit stays where it is when something is typed behind it", () => {
  const now = carried(EDITS, { offset: 7, length: 0, text: "!" });
  assert.ok(now);
  assert.equal(applied("one\ntwo!\nthree\n", now), "one\n2!\nthree\n");
});

test("an edit is given up when something is typed into it, or between it and another", () => {
  assert.equal(carried(EDITS, { offset: 5, length: 0, text: "x" }), undefined);
  assert.equal(carried(EDITS, { offset: 2, length: 3, text: "" }), undefined);
  assert.equal(carried([...EDITS, { start: 12, end: 12, text: "x" }], { offset: 9, length: 1, text: "" }), undefined);
});

test("whatever is typed outside the edits, they land as if it had been typed afterwards", () => {
  for (let offset = 0; offset <= TEXT.length; offset++) {
    for (let length = 0; offset + length <= TEXT.length; length++) {
      const typed = applied(TEXT, [{ start: offset, end: offset + length, text: "zz" }]);
      const now = carried(EDITS, { offset, length, text: "zz" });
      if (!now) continue;
      const inFront = offset + length <= 4;
      const shift = inFront ? 0 : -2;
      const other = [{ start: offset + shift, end: offset + length + shift, text: "zz" }];
      assert.equal(applied(typed, now), applied(applied(TEXT, EDITS), other), `${offset}+${length}`);
    }
  }
});

test("several edits of one text are all applied to it", () => {
  assert.equal(applied(TEXT, [{ start: 0, end: 0, text: "> " }, { start: 8, end: 13, text: "3" }]), "> one\ntwo\n3\n");
});
