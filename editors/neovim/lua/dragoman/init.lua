-- What a person's own configuration may call. `:help dragoman` describes it.

local M = {}

--- Sets options, as `vim.g.dragoman` does: for plugin managers that call this. Nothing needs it.
---@param options table?
function M.setup(options)
  vim.g.dragoman = vim.tbl_extend("force", vim.g.dragoman or {}, options or {})
  local server = require("dragoman.server")
  if vim.g.dragoman.enable == false then
    server.disable()
  elseif vim.g.loaded_dragoman then
    server.enable()
  end
end

---@class dragoman.Wish
---@field words string? the instruction or the question
---@field first integer? lines from here, counted from 1; without them what is at the cursor
---@field last integer?
---@field preview boolean? show an edit first; else as `vim.g.dragoman.preview` says

--- Runs an action on the current buffer: `require("dragoman").run("refactor", { words = "simplify" })`.
---@param name string
---@param wish dragoman.Wish?
function M.run(name, wish)
  local message, server = require("dragoman.message"), require("dragoman.server")
  local action = require("dragoman.actions")[name]
  if not action then
    return message.error(("there is no action %q; :Dragoman <Tab> lists them."):format(name))
  end
  wish = wish or {}
  local words = vim.trim(wish.words or "")
  local buffer = vim.api.nvim_get_current_buf()
  server.with(buffer, function(client)
    if buffer ~= vim.api.nvim_get_current_buf() then
      return message.warn(action.title .. ": the server has started; run it again.")
    end
    local at = require("dragoman.place").here(wish.first, wish.last, client.offset_encoding)
    local function begin(instruction)
      local asked = { name = name, title = action.title, place = at, order = {} }
      if name == "action" then -- its words begin with the name of what the person has made
        asked.name, instruction = instruction:match("^(%S+)%s*(.*)$")
        asked.title = asked.name
      end
      asked.order.instruction = instruction ~= "" and instruction or nil
      M._show(action, asked, wish.preview)
    end
    if action.needs_words and words == "" then
      vim.ui.input({ prompt = action.prompt }, function(typed)
        if typed and vim.trim(typed) ~= "" then
          begin(vim.trim(typed))
        end
      end)
    else
      begin(words)
    end
  end)
end

--- By the way that the action's result is shown.
---@param action dragoman.Action
---@param asked dragoman.Task
---@param preview boolean?
function M._show(action, asked, preview)
  local shows = action.shows
  if preview == nil then
    preview = require("dragoman.options")().preview
  end
  -- The file that git waits for takes its message; and what needs no preview lands by itself.
  local in_text = asked.name == "commit" and vim.bo[asked.place.buffer].filetype == "gitcommit"
  if shows == "text" or in_text or (shows == "preview" and not preview and asked.name ~= "regex") then
    require("dragoman.task").send(asked, function() end, function() end, function() end)
  elseif shows == "answer" then
    asked.order.apply = false
    require("dragoman.answer").stream(asked)
  else
    asked.order.apply = false
    require("dragoman.preview").request(asked)
  end
end

--- Stops everything that runs, of this plugin and of the menu of code actions.
function M.cancel()
  local run, server = require("dragoman.run"), require("dragoman.server")
  for _, client in ipairs(vim.lsp.get_clients({ name = "dragoman" })) do
    local buffer = next(client.attached_buffers)
    if buffer then
      server.request(client, "workspace/executeCommand", { command = "dragoman.cancel" }, function()
        run.settle_all(client)
      end, buffer)
    end
  end
end

--- For a status line: who is asked and how far the answer is; empty when nothing runs.
---@return string
function M.status()
  return require("dragoman.progress").text()
end

return M
