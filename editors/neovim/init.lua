-- What a person's init.lua needs for Dragoman, besides lsp/dragoman.lua on the runtime path.

vim.lsp.enable("dragoman")

-- The status line shows who is asked, and how far the answer is.
vim.o.statusline = "%f %m%=%{get(g:, 'dragoman', '')}  %l:%c "
vim.api.nvim_create_autocmd("LspProgress", {
  callback = function(event)
    local client, value = vim.lsp.get_client_by_id(event.data.client_id), event.data.params.value
    if client and client.name == "dragoman" and value.kind then
      vim.g.dragoman = value.kind ~= "end" and (value.message or value.title) or ""
      vim.cmd.redrawstatus()
    end
  end,
})

-- What a model would write at the cursor stands there in grey, from Neovim 0.12 on; Tab takes it.
if vim.lsp.inline_completion then
  vim.lsp.inline_completion.enable()
  vim.keymap.set("i", "<Tab>", function()
    if not vim.lsp.inline_completion.get() then
      return "<Tab>"
    end
  end, { expr = true, desc = "Take the proposal" })
end

-- Free text:  :Dragoman ask why is this slow?   :'<,'>Dragoman edit use a comprehension   :Dragoman cancel
vim.api.nvim_create_user_command("Dragoman", function(call)
  local name, words = call.args:match("^(%S+)%s*(.*)$")
  local client = vim.lsp.get_clients({ name = "dragoman", bufnr = 0 })[1]
  if not client then
    return vim.notify("Dragoman is not attached to this buffer: see :checkhealth vim.lsp", vim.log.levels.ERROR)
  end
  local first, last = call.line1 - 1, call.range > 0 and call.line2 or call.line1 - 1
  client:exec_cmd({
    title = call.args,
    command = "dragoman." .. name,
    arguments = name ~= "cancel" and {
      {
        textDocument = vim.lsp.util.make_text_document_params(),
        range = { start = { line = first, character = 0 }, ["end"] = { line = last, character = 0 } },
        instruction = words,
      },
    } or nil,
  }, { bufnr = 0 })
end, { nargs = "+", range = true })
