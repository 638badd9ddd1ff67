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
    -- In insert mode Neovim keeps what is typed and what an edit does in one step for undo, and miscounts its lines: undo
    -- would take others away. So the step ends before the edit, and a new one begins behind it (|undo-break|).
    ["workspace/applyEdit"] = function(...)
      local typing = vim.api.nvim_get_mode().mode:find("^[iR]")
      if typing then
        vim.go.undolevels = vim.go.undolevels
      end
      local answer = vim.lsp.handlers["workspace/applyEdit"](...)
      if typing then
        vim.api.nvim_feedkeys(vim.keycode("<C-g>u"), "ni", false)
      end
      return answer
    end,
    -- Every message names Dragoman by itself.
    ["window/showMessage"] = function(_, params)
      local level = math.max(vim.log.levels.DEBUG, 5 - params.type)
      local has_plugin, message = pcall(require, "dragoman.message")
      if has_plugin then
        return message.show(params.message, level)
      end
      local function show()
        vim.notify(params.message, level)
      end
      -- In insert mode Neovim wipes a message at once ('showmode'): there it waits until the person stops typing.
      if vim.startswith(vim.api.nvim_get_mode().mode, "i") then
        vim.api.nvim_create_autocmd("InsertLeave", { once = true, callback = vim.schedule_wrap(show) })
      else
        show()
      end
    end,
  },
}
