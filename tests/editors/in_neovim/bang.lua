local t = require("harness")

local buffer = t.open()
t.go_to("def names")
vim.cmd("Dragoman! refactor")
t.wait("the edit in the text", function()
  return t.text(buffer) == vim.env.WANTED
end)
assert(t.no_float(), "a window has opened")
