local t = require("harness")

vim.o.statusline = "%{v:lua.require'dragoman'.status()}"
local function line()
  return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str
end

local buffer = t.open()
t.same(line(), "")
t.go_to("def names")
vim.cmd("Dragoman refactor")
t.wait("who is asked, and how far the answer is, in the status line", function()
  return line():find("scripted%-coder.*%d+ tokens")
end)
vim.cmd("Dragoman cancel")
t.wait("an empty status line", function()
  return line() == ""
end)
assert(t.noted("Refactor: cancelled."), vim.inspect(t.notes))
t.same(vim.bo[buffer].modified, false)
t.hung_up()
