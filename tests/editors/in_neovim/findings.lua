local t = require("harness")

local buffer = t.open()
local function findings()
  return vim.diagnostic.get(buffer)
end
vim.cmd("%Dragoman review")
t.wait("a finding", function()
  return #findings() == 1
end)
local found = findings()[1]
t.same({ found.source, found.lnum, found.message }, { "dragoman", 6, "Fails for an order without a price." })
t.same(found.severity, vim.diagnostic.severity.ERROR)

-- Its fix is in the menu of code actions, and takes it away.
local titles
vim.ui.select = function(offered, options, chosen)
  titles = vim.tbl_map(options.format_item, offered)
  for index, title in ipairs(titles) do
    if vim.startswith(title, "Fix: Fails for an order") then
      return chosen(offered[index], index)
    end
  end
end
vim.api.nvim_win_set_cursor(0, { 7, 8 })
vim.lsp.buf.code_action()
t.wait("the fix in the text", function()
  return t.text(buffer):find("        result = result + (order.price or 0)\n", 1, true)
end)
vim.cmd.undo()
t.wait("no finding where it is fixed", function()
  return #findings() == 0
end)

vim.cmd("%Dragoman review")
t.wait("it again", function()
  return #findings() == 1
end)
vim.cmd("Dragoman findings.clear")
t.wait("none, once they are cleared", function()
  return #findings() == 0
end)
t.same(t.notes[1], { text = "Dragoman: Review: 1 error.", level = vim.log.levels.INFO })
