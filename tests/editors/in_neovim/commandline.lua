local t = require("harness")

local buffer = t.open()
local function completed(line)
  return vim.fn.getcompletion(line, "cmdline")
end
local all = completed("Dragoman ")
for _, name in ipairs({ "ask", "cancel", "commit", "document", "edit", "explain", "fix", "hunks.accept", "kept.apply",
  "refactor", "regex", "restart", "review", "review.changes", "status", "tests", "usage", "window" }) do
  assert(vim.list_contains(all, name), name .. " is not completed")
end
t.same(completed("Dragoman ref"), { "refactor" })
t.same(completed("'<,'>Dragoman! refactor s"), { "simplify" })
t.same(completed("Dragoman route expl"), { "explain" })

vim.cmd("Dragoman nonsense")
assert(t.noted('there is no "nonsense"; :Dragoman <Tab> lists what there is.'), vim.inspect(t.notes))

local chosen
vim.ui.select = function(names, options)
  chosen = options.format_item(names[1])
end
vim.cmd("Dragoman")
t.same(chosen, "Action of your own")

-- What is selected by characters is what is sent.
t.go_to("order.price")
vim.cmd.normal({ "v8l" .. vim.keycode("<Esc>"), bang = true })
local at = require("dragoman.place").here(vim.fn.line("'<"), vim.fn.line("'>"), "utf-16")
t.same(at.range, { start = { line = 6, character = 26 }, ["end"] = { line = 6, character = 35 } })
t.same(require("dragoman.place").here(2, 3, "utf-16").range, {
  start = { line = 1, character = 0 },
  ["end"] = { line = 3, character = 0 },
})
vim.api.nvim_buf_set_lines(buffer, 0, 0, false, { "a new line" })
t.same(require("dragoman.place").now(at).start.line, 7)

-- No key is taken but what is offered by name.
for _, mode in ipairs({ "n", "x", "i" }) do
  for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
    assert(not (map.rhs or ""):find("Dragoman") or vim.startswith(map.lhs, "<Plug>(dragoman-"), map.lhs)
  end
end
vim.keymap.set("x", "<F2>", "<Plug>(dragoman-explain)")
t.go_to("def names")
vim.api.nvim_feedkeys(vim.keycode("Vj<F2>"), "xm", false)
local float = t.float()
t.wait("the answer", function()
  return t.text_in(float):find("in a list.", 1, true)
end)
t.same(vim.api.nvim_get_hl(0, { name = "DragomanAdd" }).link, "DiffAdd")
