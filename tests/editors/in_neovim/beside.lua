local t = require("harness")

-- Two windows show the buffer; the edit lands in both, and the other one's cursor stays on its line.
local buffer = t.open()
local asked_in = vim.api.nvim_get_current_win()
vim.cmd.split()
local other = vim.api.nvim_get_current_win()
t.go_to("return result") -- above what is changed
vim.api.nvim_set_current_win(asked_in)
t.go_to("def names")
vim.cmd("Dragoman refactor")
local float = t.float()
t.same(vim.api.nvim_get_current_win(), float)
t.press("a")
t.same(t.text(buffer), vim.env.WANTED)
t.same(vim.api.nvim_get_current_win(), asked_in)
t.same(vim.api.nvim_win_get_cursor(other)[1], 8)
vim.cmd.undo()
assert(t.text(buffer):find("result.append", 1, true), t.text(buffer))
