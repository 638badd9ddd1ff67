-- A thing that the person has asked for: its action, its place, its words. It can be sent, and sent again.

local message = require("dragoman.message")
local place = require("dragoman.place")
local run = require("dragoman.run")
local server = require("dragoman.server")

local M = {}

---@class dragoman.Task
---@field name string
---@field title string
---@field place dragoman.Place
---@field order table what goes into the params besides the place
---@field run dragoman.Run?
---@field before string[] the buffer's lines as they were sent
---@field version integer the buffer's version at that moment
---@field encoding string of the positions in the result

--- Sends it. `failed` is called where there is no result; the person has been told why.
---@param task dragoman.Task
---@param heard fun(event: table)
---@param answered fun(result: table)
---@param failed fun()
function M.send(task, heard, answered, failed)
  local buffer = task.place.buffer
  server.with(buffer, function(client)
    local order = vim.tbl_extend("force", task.order, {
      action = task.name,
      textDocument = { uri = vim.uri_from_bufnr(buffer) },
      range = place.now(task.place),
      diagnostics = task.place.diagnostics,
    })
    task.before = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
    task.encoding = client.offset_encoding
    task.run = run.start(client, buffer, order, heard, function(problem, result)
      task.run = nil
      if result then
        return answered(result)
      end
      local why = problem and problem.message or "the server has given no result"
      if problem and run.was_cancelled(problem) then
        message.info(task.title .. ": cancelled.")
      else
        message.error(task.title .. ": " .. why)
      end
      failed()
    end)
    task.version = vim.lsp.util.buf_versions[buffer]
  end)
end

---@param task dragoman.Task
function M.cancel(task)
  if task.run then
    task.run.cancel()
  end
end

--- The same, but not from what is kept; and of that provider, where one is named.
---@param task dragoman.Task
---@param candidate { provider: string, model: string }?
---@return dragoman.Task
function M.again(task, candidate)
  local order = vim.tbl_extend("force", task.order, { no_cache = true })
  if candidate then
    order.provider, order.model = candidate.provider, candidate.model
  end
  return { name = task.name, title = task.title, place = task.place, order = order }
end

--- Lets the person choose who else is to be asked.
---@param task dragoman.Task
---@param chosen fun(candidate: { provider: string, model: string })
function M.choose_provider(task, chosen)
  server.with(task.place.buffer, function(client)
    local params = vim.tbl_extend("force", task.order, {
      action = task.name,
      textDocument = { uri = vim.uri_from_bufnr(task.place.buffer) },
      range = place.now(task.place),
    })
    params.provider, params.model = nil, nil
    server.request(client, "dragoman/route", params, function(problem, route)
      if problem then
        return message.error(task.title .. ": " .. problem.message)
      end
      if #route.candidates == 0 then
        return message.warn("there is nobody else to ask; :Dragoman route says why.")
      end
      vim.ui.select(route.candidates, {
        prompt = task.title .. " by",
        format_item = function(each)
          return ("%s · %s  (%s)"):format(each.provider, each.model, each.reason)
        end,
      }, function(candidate)
        if candidate then
          chosen(candidate)
        end
      end)
    end, task.place.buffer)
  end)
end

return M
