local t = require("harness")

local buffer = t.open()
vim.cmd("%Dragoman edit rename the results")
local float = t.float()
local function hunks()
  local _, count = t.text_in(float):gsub("@@ line", "")
  return count
end
t.same(hunks(), 4)
t.press("d") -- result = 0 stays
t.same(hunks(), 3)
t.press("]c") -- over the loop's to the list's
t.press("h")
t.same(hunks(), 2)
assert(t.text(buffer):find("    found = []\n", 1, true), t.text(buffer))
assert(t.text(buffer):find("    result = 0\n", 1, true), t.text(buffer))
t.press("[c[c")
t.same(vim.api.nvim_win_get_cursor(float)[1], 1)
t.press("h")
t.press("h")
assert(t.no_float(), "the window is still there")
t.same(t.text(buffer), vim.env.WANTED)
