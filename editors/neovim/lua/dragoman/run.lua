-- One run of an action (`dragoman/run`): the order goes out, what is written meanwhile and the result come in.
-- Shows nothing by itself.

local server = require("dragoman.server")

local M = {}

local CANCELLED = -32800
local GONE = { code = 0, message = "the server has ended; the next :Dragoman command starts it again" }

---@class dragoman.Run
---@field client integer
---@field cancel fun() closes the provider's connection at once
---@field settle fun() ends it here: the server has cancelled it

---@type table<string, dragoman.Run>
local running = {}
local count = 0

--- `heard` gets the partial results (docs/protocol.md); `ended` is called exactly once, with one of both.
---@param client vim.lsp.Client
---@param buffer integer
---@param order table the params, without tokens
---@param heard fun(event: table)
---@param ended fun(problem: lsp.ResponseError?, result: table?)
---@return dragoman.Run
function M.start(client, buffer, order, heard, ended)
  count = count + 1
  local token = "dragoman-run-" .. count
  local group = vim.api.nvim_create_augroup(token, {})

  ---@type dragoman.Run
  local run = { client = client.id }
  local function finish(problem, result)
    if running[token] then
      running[token] = nil
      vim.api.nvim_del_augroup_by_id(group)
      ended(problem, result)
    end
  end

  vim.api.nvim_create_autocmd("LspProgress", {
    group = group,
    callback = function(event)
      local params = event.data.params
      if event.data.client_id == client.id and params.token == token then
        heard(params.value)
      end
    end,
  })
  vim.api.nvim_create_autocmd("LspDetach", {
    group = group,
    buffer = buffer,
    callback = function(event)
      if event.data.client_id == client.id and client.rpc.is_closing() then
        finish(GONE)
      end
    end,
  })
  vim.api.nvim_create_autocmd({ "BufDelete", "BufWipeout" }, {
    group = group,
    buffer = buffer,
    callback = function()
      run.cancel()
    end,
  })

  running[token] = run
  order = vim.tbl_extend("force", order, { partialResultToken = token })
  local id = server.request(client, "dragoman/run", order, finish, buffer)
  function run.cancel()
    if id and running[token] then
      server.call(client, "cancel_request", id)
    end
    run.settle()
  end
  function run.settle()
    finish({ code = CANCELLED, message = "cancelled" })
  end
  -- Neovim keeps the answer to a cancelled request to itself, whoever has cancelled it.
  vim.api.nvim_create_autocmd("LspRequest", {
    group = group,
    callback = function(event)
      if event.data.client_id == client.id and event.data.request_id == id and event.data.request.type == "complete" then
        vim.defer_fn(run.settle, 500)
      end
    end,
  })
  if not id then
    finish(GONE)
  end
  return run
end

--- Ends all that a client runs here: it has cancelled everything.
---@param client vim.lsp.Client
function M.settle_all(client)
  for _, run in ipairs(vim.tbl_values(running)) do
    if run.client == client.id then
      run.settle()
    end
  end
end

---@param problem lsp.ResponseError
---@return boolean
function M.was_cancelled(problem)
  return problem.code == CANCELLED
end

return M
