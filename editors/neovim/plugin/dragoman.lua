-- What is there from the beginning: the command, the `<Plug>` mappings, the colours, the server. All else is loaded when it is used.

if vim.g.loaded_dragoman or vim.fn.has("nvim-0.10") == 0 then
  return
end
vim.g.loaded_dragoman = true

vim.api.nvim_create_user_command("Dragoman", function(call)
  require("dragoman.command").run(call)
end, {
  nargs = "*",
  range = true,
  bang = true,
  complete = function(...)
    return require("dragoman.command").complete(...)
  end,
  desc = "AI code actions",
})

-- `:` and no `<Cmd>` in visual mode: so the range is what is selected.
for _, name in ipairs({ "ask", "document", "edit", "explain", "fix", "refactor", "regex", "review", "tests" }) do
  vim.keymap.set("n", ("<Plug>(dragoman-%s)"):format(name), ("<Cmd>Dragoman %s<CR>"):format(name))
  vim.keymap.set("x", ("<Plug>(dragoman-%s)"):format(name), (":Dragoman %s<CR>"):format(name), { silent = true })
end
for _, name in ipairs({ "cancel", "commit", "status", "usage", "window" }) do
  vim.keymap.set("n", ("<Plug>(dragoman-%s)"):format(name), ("<Cmd>Dragoman %s<CR>"):format(name))
end
vim.keymap.set("i", "<Plug>(dragoman-accept)", function()
  if vim.lsp.inline_completion then
    vim.lsp.inline_completion.get()
  end
end)

for group, standard in pairs({
  DragomanNormal = "NormalFloat",
  DragomanBorder = "FloatBorder",
  DragomanTitle = "FloatTitle",
  DragomanHint = "Comment",
  DragomanAdd = "DiffAdd",
  DragomanDelete = "DiffDelete",
  DragomanHunk = "Title",
}) do
  vim.api.nvim_set_hl(0, group, { link = standard, default = true })
end

local group = vim.api.nvim_create_augroup("dragoman", {})
vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "dragoman" then
      require("dragoman.neighbours").tell(client)
    end
  end,
})
vim.api.nvim_create_autocmd("LspProgress", {
  group = group,
  callback = function(event)
    require("dragoman.progress").hear(event)
  end,
})
vim.api.nvim_create_autocmd("LspDetach", {
  group = group,
  callback = function(event)
    require("dragoman.progress").forget(event)
  end,
})

require("dragoman.server").enable()
