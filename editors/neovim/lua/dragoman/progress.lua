-- What a status line shows: the newest progress of what runs. Nothing is asked for it.

local M = {}

---@type { token: string|integer, text: string }[]
local running = {}

local function remove(token)
  running = vim.tbl_filter(function(each)
    return each.token ~= token
  end, running)
end

---@param event { data: { client_id: integer, params: table } }
function M.hear(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  local token, value = event.data.params.token, event.data.params.value
  if not client or client.name ~= "dragoman" or type(value) ~= "table" then
    return
  end
  if value.kind == "begin" or value.kind == "report" then
    remove(token)
    table.insert(running, { token = token, text = value.message or value.title or "" })
  elseif value.kind == "end" then
    remove(token)
  else
    return
  end
  vim.cmd.redrawstatus()
end

--- Nothing runs in a server that has ended.
---@param event { data: { client_id: integer } }
function M.forget(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == "dragoman" and client.rpc.is_closing() then
    running = {}
    vim.cmd.redrawstatus()
  end
end

---@return string
function M.text()
  local newest = running[#running]
  if not newest then
    return ""
  end
  local more = #running > 1 and (" (+%d)"):format(#running - 1) or ""
  return (newest.text .. more):gsub("%%", "%%%%")
end

return M
