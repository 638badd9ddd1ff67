-- What the server says of itself and of a request, as Markdown in a window. No model is asked.

local message = require("dragoman.message")
local place = require("dragoman.place")
local server = require("dragoman.server")
local window = require("dragoman.window")

local M = {}

---@param cost number?
local function money(cost)
  return type(cost) == "number" and ("$%.4f"):format(cost) or "unknown"
end

local function given(value)
  return value ~= nil and value ~= vim.NIL
end

---@type table<string, fun(status: table): string[]>
local OF_STATUS = {}

function OF_STATUS.status(status)
  local lines = { "# Dragoman " .. status.version, "", ("%s, %d running"):format(status.state, status.running) }
  if given(status.provider) then
    table.insert(lines, ("Answered last: %s · %s"):format(status.provider, status.model))
  end
  for _, problem in ipairs({ "problem", "storeProblem", "ledgerProblem" }) do
    if given(status[problem]) then
      vim.list_extend(lines, { "", "**" .. status[problem] .. "**" })
    end
  end
  if #status.places > 0 then
    vim.list_extend(lines, { "", "## Asked in the last day", "" })
  end
  for _, each in ipairs(status.places) do
    local reason = given(each.reason) and each.reason ~= "" and ": " .. each.reason or ""
    table.insert(lines, ("- %s · %s, %s%s"):format(each.provider, each.model, each.health, reason))
  end
  return lines
end

function OF_STATUS.usage(status)
  local spent = status.spentToday
  local lines = {
    "# Today",
    "",
    ("%s for %d attempts: %d answered, %d failed, %d cancelled"):format(
      money(spent.costUsd), spent.attempts, spent.answered, spent.failed, spent.cancelled
    ),
    ("%d tokens in, %d out, %d of them cached"):format(spent.inputTokens, spent.outputTokens, spent.cachedTokens),
  }
  if spent.attemptsOfUnknownPrice > 0 then
    table.insert(lines, ("The price of %d attempts is not known."):format(spent.attemptsOfUnknownPrice))
  end
  if #status.budgets > 0 then
    vim.list_extend(lines, { "", "## Budgets", "" })
  end
  for _, each in ipairs(status.budgets) do
    table.insert(lines, ("- %s: %s of %s"):format(each.name, money(each.spentUsd), money(each.limitUsd)))
  end
  return lines
end

---@type table<string, fun(answer: table): string[]>
local OF_REQUEST = {}

function OF_REQUEST.route(route)
  local lines = { ("# Who would be asked, for %s"):format(route.intent), "", route.intentReason, "" }
  for number, each in ipairs(route.candidates) do
    table.insert(lines, ("%d. %s · %s: %s"):format(number, each.provider, each.model, each.reason))
  end
  if #route.leftOut > 0 then
    vim.list_extend(lines, { "", "## Left out", "" })
  end
  for _, each in ipairs(route.leftOut) do
    table.insert(lines, ("- %s · %s: %s"):format(each.provider, each.model, each.reason))
  end
  return lines
end

function OF_REQUEST.context(context)
  local lines = { ("# What would be sent: about %d tokens"):format(context.estimatedTokens) }
  for _, each in ipairs(context.hidden) do
    table.insert(lines, ("- hidden: %s in message %d, line %d"):format(each.kind, each.message, each.line))
  end
  for _, each in ipairs(context.messages) do
    vim.list_extend(lines, { "", "## " .. each.role, "" })
    vim.list_extend(lines, vim.split(each.text, "\n"))
  end
  return lines
end

---@param title string
---@param lines string[]
local function show(title, lines)
  local shown
  shown = window.open(title, "markdown", true, {
    { key = "q", does = "close", action = function() shown:close() end },
  }, function() end)
  shown:set(vim.split(table.concat(lines, "\n"), "\n"))
end

--- The names of what can be shown.
M.NAMES = { "status", "usage", "route", "context" }

--- `words`, for `route` and `context`: the action, and what it would be told.
---@param name string
---@param words string
---@param first integer?
---@param last integer?
function M.show(name, words, first, last)
  local buffer = vim.api.nvim_get_current_buf()
  local with = OF_STATUS[name] and server.with_any or server.with
  with(buffer, function(client)
    local params, lines_of = {}, OF_STATUS[name]
    if not lines_of then
      local action, instruction = words:match("^(%S+)%s*(.*)$")
      local at = place.here(first, last, client.offset_encoding)
      lines_of = OF_REQUEST[name]
      params = {
        action = action or "explain",
        textDocument = { uri = vim.uri_from_bufnr(buffer) },
        range = at.range,
        diagnostics = at.diagnostics,
        instruction = instruction ~= "" and instruction or nil,
      }
    end
    local method = OF_STATUS[name] and "dragoman/status" or "dragoman/" .. name
    server.request(client, method, next(params) and params or vim.empty_dict(), function(problem, answer)
      if problem then
        return message.error(problem.message)
      end
      show("Dragoman " .. name, lines_of(answer))
    end, buffer)
  end)
end

return M
