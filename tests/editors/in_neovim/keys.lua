local t = require("harness")

local buffer = t.open()
local called
vim.api.nvim_create_user_command("Dragoman", function(call)
  called = { call.args, call.range, call.line1, call.line2 }
end, { nargs = "*", range = true, bang = true, force = true })

local function names(mode)
  local found = {}
  for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
    local name = map.lhs:match("^<Plug>%(dragoman%-(.+)%)$")
    if name then
      table.insert(found, name)
    end
  end
  return found
end

for _, name in ipairs(names("n")) do
  called = nil
  t.press(("<Plug>(dragoman-%s)"):format(name))
  t.same(called, { name, 0, vim.fn.line("."), vim.fn.line(".") })
end
assert(#names("n") == #names("x") + 5, "some actions take a selection, and some can't")
for _, name in ipairs(names("x")) do
  called = nil
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  t.press(("Vj<Plug>(dragoman-%s)"):format(name))
  t.same(called, { name, 2, 4, 5 })
end
t.same(names("i"), { "accept" })
vim.api.nvim_win_set_cursor(0, { 1, 0 })
t.press("i<Plug>(dragoman-accept)x<Esc>") -- nothing is proposed, and nothing is in the way
assert(vim.startswith(t.text(buffer), "x"), t.text(buffer))
