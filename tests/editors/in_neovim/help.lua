local t = require("harness")

t.open()
vim.cmd("checkhealth dragoman")
local health = t.text(0)
assert(health:find("the server runs for ", 1, true), health)
assert(health:find("dragoman", 1, true) and not health:find("ERROR", 1, true), health)

local help = vim.fn.readfile(vim.env.HELP)
local said = table.concat(help, "\n")
local tags = {}
for tag in said:gmatch("%*(%S+)%*") do
  table.insert(tags, tag)
end
assert(#tags > 10, "few tags")
vim.fn.mkdir("packed/doc", "p")
vim.fn.writefile(help, "packed/doc/dragoman.txt")
vim.cmd.helptags("packed/doc")
vim.opt.runtimepath:prepend(vim.fn.getcwd() .. "/packed")
for _, tag in ipairs(tags) do
  vim.cmd.help(tag)
  assert(vim.api.nvim_buf_get_name(0):find("dragoman.txt", 1, true), tag)
end
for tag in said:gmatch("|([%w_:<>%(%)%-%.]+dragoman[%w_:<>%(%)%-%.]*)|") do
  assert(vim.list_contains(tags, tag), "no such tag: " .. tag)
end
for name in pairs(require("dragoman.actions")) do
  assert(vim.list_contains(tags, ":Dragoman-" .. name), name .. " is not described")
end
for _, map in ipairs(vim.api.nvim_get_keymap("n")) do
  if vim.startswith(map.lhs, "<Plug>(dragoman-") then
    assert(said:find(map.lhs, 1, true), map.lhs .. " is not described")
  end
end
