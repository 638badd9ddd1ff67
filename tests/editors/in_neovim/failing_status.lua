local t = require("harness")

local function line()
  return require("dragoman").status()
end

t.open()
t.go_to("def names")
vim.cmd("Dragoman refactor")
t.wait("who is asked", function()
  return line():find("scripted-coder", 1, true)
end)
t.wait("one line that says why there is no answer", function()
  return t.noted("Dragoman: Refactor: ")
end)
t.wait("an empty status line", function()
  return line() == ""
end)
t.same(#t.notes, 1)
assert(t.no_float(), "a window has opened")
