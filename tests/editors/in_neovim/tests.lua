local t = require("harness")

t.open()
t.go_to("def names")
vim.cmd("Dragoman tests")
t.wait("the test file", function()
  return vim.fs.basename(vim.api.nvim_buf_get_name(0)) == "test_orders.py"
end)
t.wait("what is written in it", function()
  return t.text(0) == vim.env.WANTED
end)
t.same(vim.bo.modified, true)
