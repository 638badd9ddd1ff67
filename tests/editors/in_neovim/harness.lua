-- Runs one test's Lua file in a Neovim that has started as for a person, with the plugin on its path and nothing else.
-- Ends it with 0, or with 1 and what went wrong on stderr.

local M = { notes = {} }

vim.o.swapfile = false
vim.o.columns, vim.o.lines = 120, 40

vim.notify = function(text, level)
  table.insert(M.notes, { text = text, level = level })
end

---@param what string
---@param condition fun(): any
---@return any the condition's first true value
function M.wait(what, condition)
  local value
  vim.wait(20000, function()
    value = condition()
    return value
  end, 10)
  if not value then
    local lines = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    error(("never came to this: %s\nnotes: %s\nthe buffer:\n%s"):format(what, vim.inspect(M.notes), lines), 2)
  end
  return value
end

---@param got any
---@param wanted any
function M.same(got, wanted)
  if not vim.deep_equal(got, wanted) then
    error(("%s\nis not\n%s"):format(vim.inspect(got), vim.inspect(wanted)), 2)
  end
end

---@param part string
---@return boolean
function M.noted(part)
  return vim.iter(M.notes):any(function(note)
    return note.text:find(part, 1, true) ~= nil
  end)
end

---@param keys string in the notation of mappings
function M.press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), "xt", false)
end

--- Opens the desk's file, and waits until it can be worked with.
---@return integer buffer
function M.open()
  vim.cmd.edit("orders.py")
  local buffer = vim.api.nvim_get_current_buf()
  local server = require("dragoman.server")
  local client = M.wait("a server for the buffer", function()
    return server.client(buffer)
  end)
  local status
  server.request(client, "dragoman/status", vim.empty_dict(), function(_, result)
    status = result
  end, buffer)
  M.wait("a server that has read its settings", function()
    return status
  end)
  return buffer
end

---@param text string
function M.go_to(text)
  vim.fn.search("\\V" .. text, "cw")
end

---@param buffer integer
---@return string
function M.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n") .. "\n"
end

--- The floating window, once it is there.
---@return integer window
function M.float()
  return M.wait("a floating window", function()
    return vim.iter(vim.api.nvim_list_wins()):find(function(window)
      return vim.api.nvim_win_get_config(window).relative ~= ""
    end)
  end)
end

---@return boolean
function M.no_float()
  return not vim.iter(vim.api.nvim_list_wins()):any(function(window)
    return vim.api.nvim_win_get_config(window).relative ~= ""
  end)
end

---@param window integer
---@return string
function M.text_in(window)
  return M.text(vim.api.nvim_win_get_buf(window))
end

---@param window integer
---@return string
function M.title(window)
  return vim.iter(vim.api.nvim_win_get_config(window).title):map(function(chunk)
    return chunk[1]
  end):join("")
end

--- Waits until no request to the server is under way.
function M.finished()
  M.wait("the end of what runs", function()
    return vim.iter(vim.lsp.get_clients({ name = "dragoman" })):all(function(client)
      return not next(client.requests)
    end)
  end)
end

--- Waits until the provider has seen its connection closed.
function M.hung_up()
  M.wait("the provider's connection closed", function()
    return vim.uv.fs_stat("../hung-up")
  end)
end

vim.api.nvim_create_autocmd("VimEnter", {
  callback = vim.schedule_wrap(function()
    local passed, why = xpcall(function()
      dofile(vim.env.TEST_FILE)
    end, debug.traceback)
    if not passed then
      io.stderr:write(tostring(why), "\n")
    end
    vim.cmd(passed and "qall!" or "cquit! 1")
  end),
})

return M
