-- `:checkhealth dragoman`: what is there, what is missing, and what to do about it.

local server = require("dragoman.server")

local M = {}

local health = vim.health
local ANSWER_MS = 3000
local METHODS = { "dragoman/run", "dragoman/route", "dragoman/context", "dragoman/status" }

local function neovim()
  if vim.lsp.inline_completion then
    health.ok("Neovim " .. tostring(vim.version()))
  else
    health.ok("Neovim " .. tostring(vim.version()) .. "; grey text at the cursor needs 0.12")
  end
end

---@return boolean
local function program()
  local name = server.program()
  if not name then
    return true -- the person reaches a server in a way of their own
  end
  local path = vim.fn.exepath(name)
  if path == "" then
    health.error(("no `%s` on the PATH"):format(name), {
      "Install it from a clone of Dragoman's repository, such as by `uv tool install .`, and start Neovim anew.",
      "`:lua print(vim.env.PATH)` shows where Neovim looks.",
    })
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

---@param client vim.lsp.Client
---@param method string
---@param params table
---@return table? result nil where none comes in time
local function asked(client, method, params)
  local answer
  server.request(client, method, params, function(_, result)
    answer = result
  end, next(client.attached_buffers) or 0)
  vim.wait(ANSWER_MS, function()
    return answer ~= nil
  end)
  return answer
end

--- Whether the server knows all that this plugin asks for.
---@param client vim.lsp.Client
---@return boolean
local function is_recent(client)
  local known = vim.tbl_get(client.server_capabilities, "experimental", "dragoman", "methods") or {}
  return vim.iter(METHODS):all(function(method)
    return vim.list_contains(known, method)
  end)
end

--- Who would be asked. No model is.
---@param client vim.lsp.Client
local function providers(client)
  local buffer = next(client.attached_buffers)
  local route = buffer and asked(client, "dragoman/route", {
    action = "explain",
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
  })
  local first = route and route.candidates[1]
  if first then
    health.ok(("%s · %s would be asked first"):format(first.provider, first.model))
  elseif route then
    health.warn("there is nobody to ask", "`dragoman doctor` in a terminal says what was found, and what to do.")
  end
end

---@param client vim.lsp.Client
local function check(client)
  local buffers = vim.tbl_count(client.attached_buffers)
  health.ok(("the server runs for %s, with %d buffers"):format(client.root_dir or "files in no project", buffers))
  if not is_recent(client) then
    return health.error("the server is older than this plugin", "Install both from the same state of the repository.")
  end
  local status = asked(client, "dragoman/status", vim.empty_dict())
  if not status then
    return health.warn("the server does not answer", "`:Dragoman restart` starts it anew.")
  end
  providers(client)
  for _, problem in ipairs({ "problem", "storeProblem", "ledgerProblem" }) do
    if status[problem] and status[problem] ~= vim.NIL then
      health.warn(status[problem], "`dragoman doctor` in a terminal says what was found.")
    end
  end
end

function M.check()
  health.start("dragoman")
  neovim()
  if not program() then
    return
  end
  local clients = vim.lsp.get_clients({ name = "dragoman" })
  if #clients == 0 then
    health.warn("the server runs for no buffer", "Open a file; where 'filetype' is empty, :Dragoman starts it.")
  end
  vim.iter(clients):each(check)
end

return M
