-- `:checkhealth dragoman`: what is there, what is missing, and what to do about it.

local M = {}

local health = vim.health

local function neovim()
  if vim.fn.has("nvim-0.10") == 0 then
    health.error("Neovim is older than 0.10", "Install Neovim 0.10 or later.")
  elseif vim.lsp.inline_completion then
    health.ok("Neovim " .. tostring(vim.version()))
  else
    health.ok("Neovim " .. tostring(vim.version()) .. "; grey text at the cursor needs 0.12")
  end
end

---@return boolean
local function program()
  local path = vim.fn.exepath("dragoman")
  if path == "" then
    health.error("no `dragoman` on the PATH", "Install it, such as by `uv tool install dragoman`, and start Neovim anew.")
    return false
  end
  local told = vim.system({ path, "--version" }, { text = true, timeout = 10000 }):wait()
  if told.code ~= 0 then
    health.error(path .. " does not start", vim.trim(told.stderr or ""))
    return false
  end
  health.ok(("%s (%s)"):format(vim.trim(told.stdout), path))
  return true
end

local function servers()
  local clients = vim.lsp.get_clients({ name = "dragoman" })
  if #clients == 0 then
    health.warn("the server runs for no buffer", "Open a file whose 'filetype' is set; `:Dragoman restart` starts it.")
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_count(client.attached_buffers)
    health.ok(("the server runs for %s, with %d buffers"):format(client.root_dir or "files in no project", buffers))
    local server = require("dragoman.server")
    local status
    server.request(client, "dragoman/status", vim.empty_dict(), function(_, result)
      status = result
    end, next(client.attached_buffers) or 0)
    vim.wait(3000, function()
      return status ~= nil
    end)
    if not status then
      health.warn("the server does not answer", "`:Dragoman restart` starts it anew.")
    elseif status.problem and status.problem ~= vim.NIL then
      health.warn(status.problem, "`dragoman doctor` in a terminal says what was found.")
    end
  end
end

function M.check()
  health.start("dragoman")
  neovim()
  if program() then
    servers()
  end
end

return M
