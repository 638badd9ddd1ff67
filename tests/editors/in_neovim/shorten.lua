local t = require("harness")

local buffer = t.open()
t.go_to("def names")
vim.cmd("Dragoman refactor")
t.float()
t.press("a")
t.same(t.text(buffer), vim.env.WANTED)
