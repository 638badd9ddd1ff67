local t = require("harness")

vim.cmd.edit("orders.py")
local buffer = vim.api.nvim_get_current_buf()
t.wait("a server for the buffer", function()
  local client = vim.lsp.get_clients({ name = "dragoman", bufnr = buffer })[1]
  return client and client.initialized
end)
t.same(vim.fn.exists(":Dragoman"), 0)

local function from_menu(title)
  vim.ui.select = function(offered, options, chosen)
    for index, each in ipairs(offered) do
      if options.format_item(each) == title then
        return chosen(each, index)
      end
    end
  end
  t.press("gra")
end

t.go_to("def names")
from_menu("Refactor")
t.wait("the edit in the text", function()
  return t.text(buffer) == vim.env.WANTED
end)
from_menu("Explain")
t.wait("the answer as a Markdown file", function()
  return vim.bo.filetype == "markdown" and t.text(0):find("return [order.name", 1, true)
end)
-- An answer lies outside of the project, and is looked after by the server that is there.
t.same(#vim.lsp.get_clients({ name = "dragoman" }), 1)
