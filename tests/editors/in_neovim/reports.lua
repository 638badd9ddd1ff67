local t = require("harness")

t.open()
t.go_to("def names")
local function shown(command)
  vim.cmd("Dragoman " .. command)
  local float = t.float()
  local text = t.text_in(float)
  t.press("q")
  return text
end

local function has(text, part)
  assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text))
end

has(shown("route refactor"), "1. ollama · scripted-coder: ")
has(shown("context ask why is this slow?"), "why is this slow?")
has(shown("context explain"), "def names(orders):")
vim.cmd("Dragoman explain")
t.wait("the answer", function()
  return t.text_in(t.float()):find("in a list.", 1, true)
end)
t.finished() -- to close its window before is to cancel it
t.press("q")
has(shown("status"), "Answered last: ollama · scripted-coder")
has(shown("usage"), "for 1 attempts: 1 answered")
t.same(t.notes, {})
