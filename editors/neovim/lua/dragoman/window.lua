-- A floating window with text of Dragoman's: opened, written, titled, closed. Its keys work in it alone.

local options = require("dragoman.options")

local M = {}

---@class dragoman.Window
---@field buffer integer
---@field window integer
local Window = {}
Window.__index = Window

---@class dragoman.Key
---@field key string
---@field does string a word or two for the foot of the window, which has little room
---@field hidden boolean? whether the foot leaves it out
---@field action fun()

---@type dragoman.Window[] those that are open, the newest last
local opened = {}

local function place()
  local set = options()
  local width = math.max(20, math.min(vim.o.columns - 4, math.floor(vim.o.columns * set.width)))
  local height = math.max(3, math.min(vim.o.lines - 6, math.floor(vim.o.lines * set.height)))
  return {
    relative = "editor",
    width = width,
    height = height,
    row = math.floor((vim.o.lines - height) / 2) - 1,
    col = math.floor((vim.o.columns - width) / 2),
  }
end

---@param keys dragoman.Key[]
local function foot(keys)
  local words = {}
  for _, key in ipairs(keys) do
    if not key.hidden then
      table.insert(words, key.key .. " " .. key.does)
    end
  end
  return { { " " .. table.concat(words, "  ") .. " ", "DragomanHint" } }
end

--- Opens one. With `enter` it takes the cursor: only right after the person has asked for it.
---@param title string
---@param filetype string
---@param enter boolean
---@param keys dragoman.Key[]
---@param closed fun() called once, whoever closes it
---@return dragoman.Window
function M.open(title, filetype, enter, keys, closed)
  local self = setmetatable({ buffer = vim.api.nvim_create_buf(false, true) }, Window)
  vim.bo[self.buffer].bufhidden = "wipe"
  vim.bo[self.buffer].modifiable = false
  local look = { style = "minimal", border = options().border, title = " " .. title .. " ", footer = foot(keys) }
  if look.border == "none" then
    look.title, look.footer = nil, nil
  end
  self.window = vim.api.nvim_open_win(self.buffer, enter, vim.tbl_extend("error", place(), look))
  vim.wo[self.window].winhighlight = "NormalFloat:DragomanNormal,FloatBorder:DragomanBorder,FloatTitle:DragomanTitle"
  vim.wo[self.window].wrap = true
  vim.wo[self.window].linebreak = true
  vim.wo[self.window].conceallevel = 2
  vim.bo[self.buffer].filetype = filetype
  if not pcall(vim.treesitter.start, self.buffer, filetype) then
    vim.bo[self.buffer].syntax = filetype
  end
  for _, key in ipairs(keys) do
    vim.keymap.set("n", key.key, key.action, { buffer = self.buffer, nowait = true, desc = "Dragoman: " .. key.does })
  end
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = self.buffer,
    once = true,
    callback = vim.schedule_wrap(closed),
  })
  vim.api.nvim_create_autocmd("VimResized", {
    callback = function()
      if not self:is_open() then
        return true
      end
      vim.api.nvim_win_set_config(self.window, place())
    end,
  })
  opened = vim.tbl_filter(Window.is_open, opened)
  table.insert(opened, self)
  return self
end

--- Goes to the window that was opened last, of those that are there; from there to the one before.
---@return boolean
function M.focus()
  opened = vim.tbl_filter(Window.is_open, opened)
  if #opened == 0 then
    return false
  end
  local here = vim.api.nvim_get_current_win()
  local before = #opened
  for index, each in ipairs(opened) do
    if each.window == here then
      before = (index - 2) % #opened + 1
    end
  end
  vim.api.nvim_set_current_win(opened[before].window)
  return true
end

function Window:is_open()
  return vim.api.nvim_win_is_valid(self.window) and vim.api.nvim_buf_is_valid(self.buffer)
end

function Window:close()
  if vim.api.nvim_win_is_valid(self.window) then
    vim.api.nvim_win_close(self.window, true)
  end
end

---@param title string
function Window:set_title(title)
  if self:is_open() and options().border ~= "none" then
    vim.api.nvim_win_set_config(self.window, { title = " " .. title .. " " })
  end
end

--- The view stays: the person reads from the top, while more comes below.
---@param change fun()
function Window:write(change)
  if self:is_open() then
    vim.api.nvim_win_call(self.window, function()
      local view = vim.fn.winsaveview()
      vim.bo[self.buffer].modifiable = true
      change()
      vim.bo[self.buffer].modifiable = false
      vim.fn.winrestview(view)
    end)
  end
end

---@param lines string[]
function Window:set(lines)
  self:write(function()
    vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, lines)
  end)
end

--- Puts text behind what is there.
---@param text string
function Window:append(text)
  self:write(function()
    vim.api.nvim_buf_set_text(self.buffer, -1, -1, -1, -1, vim.split(text, "\r?\n"))
  end)
end

return M
