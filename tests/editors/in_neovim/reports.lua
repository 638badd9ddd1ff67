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
-- From a buffer that is no file as well; and the window stays on the screen when that gets smaller.
vim.cmd.enew()
has(shown("status"), "Answered last: ollama · scripted-coder")
assert(vim.list_contains(vim.fn.getcompletion("Dragoman ", "cmdline"), "findings.clear"), "no command of the server's")
vim.cmd("Dragoman status")
local float = t.float()
vim.o.columns = 50
vim.api.nvim_exec_autocmds("VimResized", {})
assert(vim.api.nvim_win_get_width(float) < 50, "the window is wider than the screen")
t.same(t.notes, {})
