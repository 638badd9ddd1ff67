local t = require("harness")

local buffer = t.open()
t.go_to("def names")
vim.cmd("Dragoman action shorter in one line")
t.wait("the edit in the text", function()
  return t.text(buffer) == vim.env.WANTED
end)
