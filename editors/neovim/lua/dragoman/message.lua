-- What is said to the person: one line, with what to do. Never in the way of their keys: it waits while they type, and
-- where the last line of the screen has no room for it, it stands in a corner, because Neovim would wait for a key else.

local M = {}

local SECONDS = 10
local WIDTH = 60
--- What ends in each mode in which a message would be wiped at once, or would wipe what is typed.
local END_OF_TYPING = { i = "InsertLeave", R = "InsertLeave", c = "CmdlineLeave" }

--- Runs it now, or when the person stops typing.
---@param action fun()
function M.when_not_typing(action)
  local ending = END_OF_TYPING[vim.api.nvim_get_mode().mode:sub(1, 1)]
  if ending then
    vim.api.nvim_create_autocmd(ending, { once = true, callback = vim.schedule_wrap(action) })
  else
    action()
  end
end

--- Whether Neovim itself shows what it is notified of, and not a plugin in a way of its own. What is built in has no
--- file: its source is a name, or, from Neovim 0.12 on, nothing.
local function shown_by_neovim()
  local source = debug.getinfo(vim.notify, "S").source
  return vim.startswith(source, "@vim/") or vim.endswith(source, "?")
end

---@param text string
local function fits(text)
  return vim.fn.strdisplaywidth(text) <= vim.v.echospace
end

--- Puts it into |:messages|, in lines that fit: no other way lets Neovim take it without waiting for a key.
---@param text string
local function keep(text)
  local line = ""
  for word in (text .. " "):gmatch("%S+%s") do
    if line ~= "" and not fits(line .. word) then
      vim.cmd.redraw()
      vim.api.nvim_echo({ { line } }, true, {})
      line = ""
    end
    line = line .. word
  end
  vim.cmd.redraw()
  vim.api.nvim_echo({ { line } }, true, {})
  vim.cmd.redraw()
  vim.api.nvim_echo({}, false, {})
end

---@type fun()
local close_last = function() end

--- A window in the corner, which goes by itself or with the next one, and can't be entered.
---@param text string
local function show_in_corner(text)
  close_last()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = "wipe"
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, { text })
  local window = vim.api.nvim_open_win(buffer, false, {
    relative = "editor",
    anchor = "SE",
    row = vim.o.lines - vim.o.cmdheight - 1,
    col = vim.o.columns,
    width = math.max(1, math.min(WIDTH, vim.o.columns - 2)),
    height = 1,
    style = "minimal",
    border = "rounded",
    focusable = false,
    noautocmd = true,
  })
  vim.wo[window].winhighlight = "NormalFloat:DragomanNormal,FloatBorder:DragomanBorder"
  vim.wo[window].wrap = true
  vim.wo[window].linebreak = true
  vim.api.nvim_win_set_height(window, vim.api.nvim_win_text_height(window, {}).all)
  close_last = function()
    pcall(vim.api.nvim_win_close, window, true)
  end
  vim.defer_fn(close_last, SECONDS * 1000)
end

---@param text string
---@param level integer one of vim.log.levels
function M.show(text, level)
  M.when_not_typing(function()
    if not shown_by_neovim() or fits(text) then
      vim.notify(text, level)
    else
      keep(text)
      show_in_corner(text)
    end
  end)
end

---@param text string
---@param level integer
local function say(text, level)
  M.show("Dragoman: " .. text, level)
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
