-- The language server's client: started, found, asked. Knows nothing of what is asked for.

local message = require("dragoman.message")
local options = require("dragoman.options")

local M = {}

local NAME = "dragoman"
local GROUP = "dragoman.enable"
local START_MS = 15000

--- The client of the buffer, once it can be asked.
---@param buffer integer
---@return vim.lsp.Client?
function M.client(buffer)
  for _, client in ipairs(vim.lsp.get_clients({ name = NAME, bufnr = buffer })) do
    if client.initialized and not M.call(client, "is_stopped") then
      return client
    end
  end
end

--- A client's methods take the client itself from Neovim 0.11 on.
---@param client vim.lsp.Client
---@param method string
function M.call(client, method, ...)
  if vim.fn.has("nvim-0.11") == 1 then
    return client[method](client, ...)
  end
  return client[method](...)
end

--- Sends a request for a buffer.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param answered fun(problem: lsp.ResponseError?, result: any)
---@param buffer integer
---@return integer? id of the request, by which it is cancelled
function M.request(client, method, params, answered, buffer)
  local sent, id = M.call(client, "request", method, params, answered, buffer)
  return sent and id or nil
end

--- The person's settings for Dragoman, where there are any: an empty table would go out as a list.
---@return table?
local function wrapped()
  local settings = options().settings
  return next(settings) and { dragoman = settings } or nil
end

--- Neovim 0.10 has no `vim.lsp.config`: it is given the same file's configuration.
---@param buffer integer
local function start_in_old_neovim(buffer)
  if vim.bo[buffer].buftype ~= "" or vim.api.nvim_buf_get_name(buffer) == "" then
    return
  end
  local config = dofile(vim.api.nvim_get_runtime_file("lsp/dragoman.lua", false)[1])
  config.name = NAME
  config.settings, config.init_options = wrapped(), wrapped()
  config.root_dir = vim.fs.root(buffer, config.root_markers)
  vim.lsp.start(config, { bufnr = buffer, reuse_client = config.reuse_client })
end

--- Starts it for every open file that has none, and for those that are opened from now on.
function M.enable()
  if vim.lsp.config then
    local settings = wrapped()
    if settings then
      vim.lsp.config(NAME, { settings = settings, init_options = settings })
    end
    vim.lsp.enable(NAME)
    return
  end
  local group = vim.api.nvim_create_augroup(GROUP, {})
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    callback = function(event)
      start_in_old_neovim(event.buf)
    end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype ~= "" then
      start_in_old_neovim(buffer)
    end
  end
end

--- Hands over the buffer's client; starts it, if there is none. Doesn't wait: the person goes on typing.
---@param buffer integer
---@param use fun(client: vim.lsp.Client)
function M.with(buffer, use)
  local running = M.client(buffer)
  if running then
    return use(running)
  end
  local attached = vim.api.nvim_create_autocmd("LspAttach", {
    buffer = buffer,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == NAME then
        vim.schedule(function()
          use(client)
        end)
        return true
      end
    end,
  })
  M.enable()
  vim.defer_fn(function()
    if pcall(vim.api.nvim_del_autocmd, attached) then
      message.error("no server for this buffer; :checkhealth dragoman says why")
    end
  end, START_MS)
end

--- Ends it and starts it again, with all its buffers.
function M.restart()
  local clients = vim.lsp.get_clients({ name = NAME })
  for _, client in ipairs(clients) do
    M.call(client, "stop", true)
  end
  local waited = 0
  local function start_when_gone()
    for _, client in ipairs(clients) do
      if not M.call(client, "is_stopped") and waited < START_MS then
        waited = waited + 50
        return vim.defer_fn(start_when_gone, 50)
      end
    end
    M.enable()
  end
  start_when_gone()
end

return M
