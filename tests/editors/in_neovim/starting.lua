local t = require("harness")

-- A buffer that is no file.
vim.cmd("Dragoman explain")
t.same(t.notes, {
  { text = "Dragoman: this buffer is no file; :write it under a name first.", level = vim.log.levels.ERROR },
})

-- No program: nothing is said until it is needed, and then at once.
local path = vim.env.PATH
vim.env.PATH = "/usr/bin:/bin"
t.notes = {}
vim.cmd.edit("orders.py")
t.same(t.notes, {})
vim.cmd("Dragoman explain")
t.same(#t.notes, 1)
t.same(t.notes[1].text, "Dragoman: no `dragoman` on the PATH; :checkhealth dragoman says how to get it.")
vim.cmd("checkhealth dragoman")
local health = t.text(0)
assert(health:find("ERROR no `dragoman` on the PATH\n", 1, true), health)
assert(health:find("Install it from a clone", 1, true), health)
vim.cmd.bwipeout()

-- It is installed meanwhile: the next command finds it. A file without a type gets a server when it is asked for.
vim.env.PATH = path
t.notes = {}
vim.fn.writefile({ "Buy milk." }, "notes")
vim.cmd.edit("notes")
t.same(vim.bo.filetype, "")
vim.cmd("%Dragoman explain")
local float = t.float()
t.wait("the answer", function()
  return t.text_in(float):find("in a list.", 1, true)
end)
t.same(t.notes, {})
