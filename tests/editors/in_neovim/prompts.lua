local t = require("harness")

local buffer = t.open()
t.go_to("def names")
local prompts, reply = {}, nil
vim.ui.input = function(options, typed)
  table.insert(prompts, options.prompt)
  typed(reply)
end
vim.cmd("Dragoman ask") -- given up by Escape
reply = "  "
vim.cmd("Dragoman edit")
reply = "why is this so slow?"
vim.cmd("Dragoman ask")
t.same(prompts, { "Ask: ", "Edit: ", "Ask: " })
local float = t.float()
t.wait("the answer", function()
  return t.text_in(float):find("in a list.", 1, true)
end)
t.press("q")
assert(buffer == vim.api.nvim_get_current_buf())
