local t = require("harness")

t.open()
vim.cmd("Dragoman explain")
local float = t.float()
t.wait("the answer begun", function()
  return t.text_in(float):find("and so on", 1, true)
end)
vim.fn.writefile({ tostring(vim.uv.now()) }, "../quits")
vim.cmd("qall") -- as a person does: nothing is unsaved, so nothing is asked
