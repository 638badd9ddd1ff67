local t = require("harness")

-- Options and settings of the person's, given as plugin managers give them, before the first file is opened.
require("dragoman").setup({ preview = false, settings = { providers = { ollama = { model = "my-coder" } } } })
local buffer = t.open()
t.go_to("def names")
vim.cmd("Dragoman refactor")
t.wait("the edit in the text, without a preview", function()
  return t.text(buffer) == vim.env.WANTED
end)
assert(t.no_float(), "a window has opened")

-- Whoever starts the server in a way of their own gets none for files that are opened from now on.
local server = require("dragoman.server")
t.finished()
local first = server.client(buffer).id
vim.cmd("Dragoman restart")
t.wait("the server that has been started again", function()
  return server.client(buffer) and server.client(buffer).id ~= first
end)
require("dragoman").setup({ enable = false })
vim.cmd.edit("other.py")
t.same(vim.bo.filetype, "python")
t.same(vim.lsp.get_clients({ bufnr = 0, name = "dragoman" }), {})
vim.cmd("%Dragoman explain") -- but a command is obeyed
t.float()
assert(server.client(vim.fn.bufnr("other.py")), "no server, though one was asked for")
