-- What others have found in a buffer: language servers, linters. Neovim tells a server of its own problems alone, where
-- it asks for code actions; Dragoman is told of all on those lines here, because it fixes those of others.

local place = require("dragoman.place")

local M = {}

---@type table<integer, boolean> clients, by their ids
local told = {}

--- The params of `textDocument/codeAction` with the problems of others as well.
---@param client vim.lsp.Client
---@param params lsp.CodeActionParams
---@return lsp.CodeActionParams
local function with_all(client, params)
  local buffer, range = vim.uri_to_bufnr(params.textDocument.uri), params.range
  local own = vim.lsp.diagnostic.get_namespace(client.id)
  local others = vim.tbl_filter(function(each)
    return each.namespace ~= own
  end, place.diagnostics(buffer, range.start.line, range["end"].line))
  local context = vim.deepcopy(params.context)
  for _, each in ipairs(others) do
    local known = vim.iter(context.diagnostics):any(function(other)
      return other.message == each.message
    end)
    if not known then
      table.insert(context.diagnostics, place.diagnostic_to_lsp(each, client.offset_encoding))
    end
  end
  return vim.tbl_extend("force", params, { context = context })
end

--- From now on, whenever this client is asked for code actions.
---@param client vim.lsp.Client
function M.tell(client)
  if told[client.id] then
    return
  end
  told[client.id] = true
  local request = client.rpc.request
  client.rpc.request = function(method, params, ...)
    return request(method, method == "textDocument/codeAction" and with_all(client, params) or params, ...)
  end
end

return M
