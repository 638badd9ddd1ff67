local t = require("harness")

local function told()
  vim.cmd("checkhealth dragoman")
  local text = t.text(0)
  vim.cmd.bwipeout()
  return text
end

local function has(text, part)
  assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text))
end

has(told(), "WARNING the server runs for no buffer\n")

local buffer = t.open()
local well = told()
has(well, "OK Neovim ")
has(well, "bin/dragoman)\n")
has(well, "OK the server runs for ")
has(well, "OK ollama · scripted-coder would be asked first\n")
assert(not well:find("WARNING") and not well:find("ERROR"), well)

-- What nobody has answered is said, with what to do.
t.go_to("def names")
vim.cmd("Dragoman! refactor")
t.wait("a failure", function()
  return t.noted("Dragoman: Refactor: ")
end)
has(told(), "WARNING no provider could answer: ollama (scripted-coder): ")

-- A server that does not name all that this plugin asks for is an older one.
local known = require("dragoman.server").client(buffer).server_capabilities.experimental.dragoman.methods
table.remove(known)
has(told(), "ERROR the server is older than this plugin\n")
