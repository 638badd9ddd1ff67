-- An edit as a diff, before it lands: taken or dropped as a whole or hunk by hunk. What was typed meanwhile stays.

local hunks = require("dragoman.hunks")
local message = require("dragoman.message")
local task = require("dragoman.task")
local window = require("dragoman.window")

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace("dragoman.preview")
local CONTEXT = 2
local GROUPS = { ["+"] = "DragomanAdd", ["-"] = "DragomanDelete", ["@"] = "DragomanHunk" }

---@class dragoman.Preview
---@field task dragoman.Task
---@field hunks dragoman.Hunk[] those that wait
---@field window dragoman.Window
---@field rows integer[] the first row of each hunk in the window, from 1
---@field note string?
local Preview = {}
Preview.__index = Preview

--- The lines of the task's text after the server's edits of it.
---@param asked dragoman.Task
---@param edits table[]
---@return string[]
local function edited(asked, edits)
  local scratch = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(scratch, 0, -1, false, asked.before)
  vim.lsp.util.apply_text_edits(edits, scratch, asked.encoding)
  local after = vim.api.nvim_buf_get_lines(scratch, 0, -1, false)
  vim.api.nvim_buf_delete(scratch, { force = true })
  return after
end

---@param into string[]
---@param sign string
---@param lines string[]
local function put(into, sign, lines)
  for _, line in ipairs(lines) do
    table.insert(into, sign .. line)
  end
end

function Preview:draw()
  local before, lines = self.task.before, {}
  self.rows = {}
  if self.note then
    vim.list_extend(lines, { self.note, "" })
  end
  for _, hunk in ipairs(self.hunks) do
    table.insert(self.rows, #lines + 1)
    table.insert(lines, ("@@ line %d @@"):format(hunk.at + 1))
    put(lines, " ", vim.list_slice(before, math.max(1, hunk.at + 1 - CONTEXT), hunk.at))
    put(lines, "-", hunk.old)
    put(lines, "+", hunk.new)
    local below = hunk.at + #hunk.old
    put(lines, " ", vim.list_slice(before, below + 1, below + CONTEXT))
  end
  self.window:set(lines)
  for row, line in ipairs(lines) do
    local group = GROUPS[line:sub(1, 1)]
    if group and row >= (self.rows[1] or 1) then
      vim.api.nvim_buf_set_extmark(self.window.buffer, NAMESPACE, row - 1, 0, { line_hl_group = group })
    end
  end
end

---@return integer index of the hunk at the cursor
function Preview:current()
  local row, found = vim.api.nvim_win_get_cursor(self.window.window)[1], 1
  for index, first in ipairs(self.rows) do
    if first <= row then
      found = index
    end
  end
  return found
end

--- Puts hunks into the buffer as it is now, in one step for undo.
---@param chosen dragoman.Hunk[] from the first to the last
---@return dragoman.Hunk[] those whose own lines were changed meanwhile; they are left out
function Preview:land(chosen)
  local buffer, left = self.task.place.buffer, {}
  local since = hunks.differences(self.task.before, vim.api.nvim_buf_get_lines(buffer, 0, -1, false))
  for index = #chosen, 1, -1 do
    local hunk = chosen[index]
    local at = hunks.place(hunk, since)
    if at then
      vim.api.nvim_buf_set_lines(buffer, at, at + #hunk.old, true, hunk.new)
    else
      table.insert(left, 1, hunk)
    end
  end
  return left
end

---@return boolean
function Preview:can_land()
  local buffer = self.task.place.buffer
  if not vim.api.nvim_buf_is_loaded(buffer) then
    message.error("the buffer was closed meanwhile; open it, and run it again.")
    return false
  elseif not vim.bo[buffer].modifiable then
    message.error("this buffer can't be changed; :set modifiable in it first.")
    return false
  end
  return true
end

--- Removes a hunk from those that wait, and the window with the last one.
---@param index integer
function Preview:settle(index)
  table.remove(self.hunks, index)
  if #self.hunks == 0 then
    self.window:close()
  else
    self:draw()
  end
end

function Preview:take_one()
  local index = self:current()
  if not self:can_land() then
    return
  elseif #self:land({ self.hunks[index] }) == 0 then
    self:settle(index)
  else
    message.warn("you have changed these lines meanwhile; t tries again, d drops this.")
  end
end

function Preview:take_all()
  if not self:can_land() then
    return
  end
  self.hunks = self:land(self.hunks)
  if #self.hunks == 0 then
    self.window:close()
  else
    self:draw()
    message.warn("what is left stands where you have changed the text meanwhile; t tries again, q drops it.")
  end
end

--- Moves the cursor by that many hunks.
---@param by integer
function Preview:step(by)
  local index = math.max(1, math.min(#self.rows, self:current() + by))
  vim.api.nvim_win_set_cursor(self.window.window, { self.rows[index], 0 })
end

---@param candidate { provider: string, model: string }?
function Preview:again(candidate)
  self.window:close()
  M.request(task.again(self.task, candidate))
end

function Preview:keys()
  return {
    { key = "a", does = "accept", action = function() self:take_all() end },
    { key = "h", does = "hunk", action = function() self:take_one() end },
    { key = "d", does = "drop", action = function() self:settle(self:current()) end },
    { key = "]c", does = "the next hunk", hidden = true, action = function() self:step(1) end },
    { key = "[c", does = "the hunk before", hidden = true, action = function() self:step(-1) end },
    { key = "t", does = "again", action = function() self:again() end },
    { key = "p", does = "other", action = function()
      task.choose_provider(self.task, function(candidate) self:again(candidate) end)
    end },
    { key = "q", does = "reject", action = function() self.window:close() end },
  }
end

--- Shows the edit. Without `enter` the cursor stays with the person.
---@param asked dragoman.Task
---@param result table
---@param who string? the provider and its model
---@param enter boolean
local function show(asked, result, who, enter)
  local after = edited(asked, result.edits)
  local found = hunks.between(asked.before, after)
  if #found == 0 then
    return message.info(asked.title .. ": " .. (result.message or "the model proposes no change."))
  end
  local self = setmetatable({ task = asked, hunks = found, note = result.message }, Preview)
  self.window = window.open(asked.title .. (who and " · " .. who or ""), "diff", enter, self:keys(), function() end)
  self:draw()
  vim.api.nvim_win_set_cursor(self.window.window, { self.rows[1], 0 })
  if not enter then
    message.info(asked.title .. " is ready; :Dragoman window goes to it.")
  end
end

--- A sign of where the person is, that changes with whatever they do.
local function whereabouts(buffer)
  local loaded = vim.api.nvim_buf_is_loaded(buffer)
  return {
    vim.api.nvim_get_mode().mode,
    vim.api.nvim_get_current_win(),
    vim.api.nvim_win_get_cursor(0),
    loaded and vim.api.nvim_buf_get_changedtick(buffer),
  }
end

--- Asks for an edit, and shows it when it is whole. Until then nothing is in the way of typing; the window takes the
--- cursor only where the person has waited for it.
---@param asked dragoman.Task
function M.request(asked)
  local buffer = asked.place.buffer
  local left_at, who
  vim.schedule(function() -- when the command line is closed
    left_at = whereabouts(buffer)
  end)
  task.send(asked, function(event)
    if event.kind == "route" then
      who = event.provider .. " · " .. event.model
    end
  end, function(result)
    if result.kind ~= "edit" then
      local waited = vim.deep_equal(left_at, whereabouts(buffer))
      return require("dragoman.answer").show(asked, result.markdown or result.message or "", waited)
    end
    if result.version ~= asked.version then
      return message.warn(asked.title .. ": the text was another one by then; run it again.")
    end
    show(asked, result, who, vim.deep_equal(left_at, whereabouts(buffer)))
  end, function() end)
end

return M
