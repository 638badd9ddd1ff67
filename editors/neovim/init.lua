-- What a person's init.lua may have for Dragoman, which needs none of it.

-- The status line shows who is asked, and how far the answer is.
vim.o.statusline = "%f %m%=%{v:lua.require'dragoman'.status()}  %l:%c "

-- Keys are yours to choose: the plugin has none but in its own windows.
vim.keymap.set({ "n", "x" }, "<Leader>de", "<Plug>(dragoman-explain)")
vim.keymap.set({ "n", "x" }, "<Leader>dr", "<Plug>(dragoman-refactor)")
vim.keymap.set({ "n", "x" }, "<Leader>da", "<Plug>(dragoman-ask)")
vim.keymap.set("n", "<Leader>dw", "<Plug>(dragoman-window)")
vim.keymap.set("n", "<Leader>dc", "<Plug>(dragoman-cancel)")

-- What a model would write at the cursor stands there in grey, from Neovim 0.12 on; Tab takes it.
if vim.lsp.inline_completion then
  vim.lsp.inline_completion.enable()
  vim.keymap.set("i", "<Tab>", function()
    if not vim.lsp.inline_completion.get() then
      return "<Tab>"
    end
  end, { expr = true, desc = "Take the proposal" })
end

-- Neovim 0.10 has no key for code actions.
if vim.fn.has("nvim-0.11") == 0 then
  vim.keymap.set({ "n", "x" }, "gra", vim.lsp.buf.code_action)
end
