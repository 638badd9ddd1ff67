-- What is said to the person: one line, with what to do. In insert mode it waits, because 'showmode' wipes it at once.

local M = {}

--- Runs it now, or when the person stops typing.
---@param action fun()
function M.when_not_typing(action)
  if vim.startswith(vim.api.nvim_get_mode().mode, "i") then
    vim.api.nvim_create_autocmd("InsertLeave", { once = true, callback = vim.schedule_wrap(action) })
  else
    action()
  end
end

---@param text string
---@param level integer one of vim.log.levels
local function say(text, level)
  M.when_not_typing(function()
    vim.notify("Dragoman: " .. text, level)
  end)
end

---@param text string
function M.info(text)
  say(text, vim.log.levels.INFO)
end

---@param text string
function M.warn(text)
  say(text, vim.log.levels.WARN)
end

---@param text string
function M.error(text)
  say(text, vim.log.levels.ERROR)
end

return M
