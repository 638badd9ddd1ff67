-- An answer in a window of its own, shown while it is written.

local task = require("dragoman.task")
local window = require("dragoman.window")

local M = {}

---@param asked dragoman.Task
local function title_of(asked, event)
  return ("%s · %s · %s"):format(asked.title, event.provider, event.model)
end

--- What stands in the window follows what comes.
---@param asked dragoman.Task
---@param shown dragoman.Window
local function listener(asked, shown)
  return function(event)
    if event.kind == "route" then
      shown:set_title(title_of(asked, event))
    elseif event.kind == "delta" then
      shown:append(event.text)
    elseif event.kind == "reset" then
      shown:set({})
      shown:set_title(asked.title .. " · " .. event.reason)
    end
  end
end

---@param asked dragoman.Task
---@param enter boolean
local function opened(asked, enter)
  local shown
  local function again(candidate)
    shown:close()
    M.stream(task.again(asked, candidate))
  end
  shown = window.open(asked.title, "markdown", enter, {
    { key = "q", does = "close", action = function() shown:close() end },
    { key = "t", does = "try again", action = function() again() end },
    { key = "p", does = "other provider", action = function() task.choose_provider(asked, again) end },
  }, function() task.cancel(asked) end)
  return shown
end

--- Sends the task, and shows its answer as it comes. Closing the window cancels what still runs.
---@param asked dragoman.Task
function M.stream(asked)
  local shown = opened(asked, true)
  task.send(asked, listener(asked, shown), function(result)
    -- The server's own text: it may have mended the model's.
    shown:set(vim.split(result.markdown or result.message or "", "\n"))
  end, function()
    if vim.api.nvim_buf_is_valid(shown.buffer) and vim.api.nvim_buf_line_count(shown.buffer) == 1 then
      shown:close()
    end
  end)
end

--- Shows an answer that is there already.
---@param asked dragoman.Task
---@param markdown string
---@param enter boolean
function M.show(asked, markdown, enter)
  opened(asked, enter):set(vim.split(markdown, "\n"))
end

return M
