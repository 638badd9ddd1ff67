-- Dragoman for `vim.lsp.config`, Neovim 0.11 and later: what the built-in client needs to know, and never more than that.
-- `vim.lsp.enable("dragoman")` starts it beside a language's own server, in files of every type.

---@type vim.lsp.Config
return {
  cmd = { "dragoman", "lsp" },
  root_markers = { ".dragoman.toml", ".git" },
  -- A file outside any project, as an answer is, joins the server that is running instead of starting another.
  reuse_client = function(client, config)
    if client.name ~= config.name or client:is_stopped() then
      return false
    end
    return not config.root_dir or client.root_dir == config.root_dir
  end,
  handlers = {
    -- Every message names Dragoman by itself. In insert mode Neovim wipes one at once ('showmode'): there it waits until
    -- the person stops typing.
    ["window/showMessage"] = function(_, params)
      local function show()
        vim.notify(params.message, math.max(vim.log.levels.DEBUG, 5 - params.type))
      end
      if vim.startswith(vim.api.nvim_get_mode().mode, "i") then
        vim.api.nvim_create_autocmd("InsertLeave", { once = true, callback = vim.schedule_wrap(show) })
      else
        show()
      end
    end,
  },
}
