local t = require("harness")

local function git(...)
  local done = vim.system({ "git", ... }):wait()
  t.same(done.code, 0)
end

git("init", "--quiet")
git("add", "orders.py")
local buffer = t.open()
vim.cmd("Dragoman commit")
local float = t.float()
t.wait("the message in a window", function()
  return t.text_in(float):find("Add what orders come to", 1, true)
end)
t.finished()
t.press("q")
assert(t.no_float(), "the window is still there")
t.same(vim.bo[buffer].modified, false)

vim.fn.writefile({ "", "# Please enter the commit message" }, ".git/COMMIT_EDITMSG")
vim.cmd.edit(".git/COMMIT_EDITMSG")
t.same(vim.bo.filetype, "gitcommit")
vim.cmd("Dragoman commit")
t.wait("the message in the file that git waits for", function()
  return t.text(0) == "Add what orders come to\n# Please enter the commit message\n"
end)
assert(t.no_float(), "a window has opened")
t.same(t.notes, {})
