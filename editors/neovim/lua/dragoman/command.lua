-- `:Dragoman`: its words, its ranges, its completion.

local actions = require("dragoman.actions")
local message = require("dragoman.message")
local report = require("dragoman.report")
local server = require("dragoman.server")

local M = {}

---@type table<string, fun()>
local OWN = {
  cancel = function()
    require("dragoman").cancel()
  end,
  restart = server.restart,
  window = function()
    if not require("dragoman.window").focus() then
      message.info("no window of Dragoman's is open.")
    end
  end,
}

--- The server's commands that the menu of code actions has too, such as `hunks.accept`.
---@param client vim.lsp.Client?
---@return string[]
local function of_server(client)
  local provided = client and client.server_capabilities.executeCommandProvider
  return vim.tbl_map(function(name)
    return (name:gsub("^dragoman%.", ""))
  end, provided and provided.commands or {})
end

---@return string[]
local function names()
  local all = vim.list_extend(vim.tbl_keys(actions), vim.tbl_keys(OWN))
  vim.list_extend(all, report.NAMES)
  vim.list_extend(all, of_server(server.client(0) or server.client()))
  table.sort(all)
  return vim.fn.uniq(all) --[[@as string[] ]]
end

---@param name string
---@param words string
local function run_on_server(name, words)
  local buffer = vim.api.nvim_get_current_buf()
  server.with_any(buffer, function(client)
    if not vim.list_contains(of_server(client), name) then
      return message.error(("there is no %q; :Dragoman <Tab> lists what there is."):format(name))
    end
    local arguments = words ~= "" and vim.split(words, "%s+") or nil
    if not arguments and vim.startswith(name, "hunks.") then
      arguments = { vim.uri_from_bufnr(buffer) }
    end
    local params = { command = "dragoman." .. name, arguments = arguments }
    server.request(client, "workspace/executeCommand", params, function(problem)
      if problem then
        message.error(problem.message)
      end
    end, buffer)
  end)
end

--- Lets the person choose an action, where none is named.
local function choose(wish)
  local known = vim.tbl_keys(actions)
  table.sort(known)
  vim.ui.select(known, {
    prompt = "Dragoman",
    format_item = function(name)
      return actions[name].title
    end,
  }, function(name)
    if name then
      require("dragoman").run(name, wish)
    end
  end)
end

--- What |nvim_create_user_command()| calls.
---@param call table
function M.run(call)
  local name, words = call.args:match("^(%S+)%s*(.-)%s*$")
  local first, last
  if call.range > 0 then
    first, last = call.line1, call.line2
  end
  local wish = { words = words, first = first, last = last }
  if call.bang then
    wish.preview = not require("dragoman.options")().preview
  end
  if not name then
    choose(wish)
  elseif actions[name] then
    require("dragoman").run(name, wish)
  elseif OWN[name] then
    OWN[name]()
  elseif vim.list_contains(report.NAMES, name) then
    report.show(name, words, first, last)
  else
    run_on_server(name, words)
  end
end

--- What |:command-completion-customlist| calls.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local name = line:match("Dragoman!?%s+(%S+)%s")
  local candidates
  if not name then
    candidates = names()
  elseif name == "route" or name == "context" then
    candidates = vim.tbl_keys(actions)
    table.sort(candidates)
  else
    candidates = actions[name] and actions[name].words or {}
  end
  return vim.tbl_filter(function(each)
    return vim.startswith(each, lead)
  end, candidates)
end

return M
