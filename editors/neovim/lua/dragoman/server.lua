-- The language server's client: started, found, asked. Knows nothing of what is asked for.

local message = require("dragoman.message")
local options = require("dragoman.options")

local M = {}

local NAME = "dragoman"
local GROUP = "dragoman.enable"
local START_MS = 15000

--- The client of the buffer, or any one where none is named, once it can be asked.
---@param buffer integer?
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

--- How the server is started: `lsp/dragoman.lua`, with what the person has set besides.
---@return table
local function configuration()
  if vim.lsp.config then
    return vim.deepcopy(vim.lsp.config[NAME])
  end
  -- Neovim 0.10 has no `vim.lsp.config`: it is given the same file's.
  local config = dofile(vim.api.nvim_get_runtime_file("lsp/dragoman.lua", false)[1])
  config.name, config.settings, config.init_options = NAME, wrapped(), wrapped()
  return config
end

--- The program that is to be started.
---@return string?
function M.program()
  local command = configuration().cmd
  return type(command) == "table" and command[1] or nil
end

--- Why no server can be started for a buffer, and what to do about it; nil where one can.
---@param buffer integer
---@return string?
local function hindrance(buffer)
  if vim.bo[buffer].buftype ~= "" or vim.api.nvim_buf_get_name(buffer) == "" then
    return "this buffer is no file; :write it under a name first."
  end
  local program = M.program()
  if program and vim.fn.executable(program) == 0 then
    return ("no `%s` on the PATH; :checkhealth dragoman says how to get it."):format(program)
  end
end

--- Starts it for one buffer, or lets the buffer join one that runs.
---@param buffer integer
local function start(buffer)
  if not hindrance(buffer) then
    local config = configuration()
    config.root_dir = vim.fs.root(buffer, config.root_markers)
    vim.lsp.start(config, { bufnr = buffer, reuse_client = config.reuse_client })
  end
end

local function enable_in_old_neovim()
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup(GROUP, {}),
    callback = function(event)
      start(event.buf)
    end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype ~= "" then
      start(buffer)
    end
  end
end

--- Starts it for every open file that has none, and for those that are opened from now on, unless the person starts it.
function M.enable()
  local settings = wrapped()
  if settings and vim.lsp.config then
    vim.lsp.config(NAME, { settings = settings, init_options = settings })
  end
  if not options().enable then
    return
  elseif vim.lsp.config then
    vim.lsp.enable(NAME)
  else
    enable_in_old_neovim()
  end
end

--- Starts it for nothing from now on; what runs is ended.
function M.disable()
  if vim.lsp.config then
    vim.lsp.enable(NAME, false)
  else
    pcall(vim.api.nvim_del_augroup_by_name, GROUP)
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
  local why_not = hindrance(buffer)
  if why_not then
    return message.error(why_not)
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
  start(buffer)
  vim.defer_fn(function()
    if pcall(vim.api.nvim_del_autocmd, attached) then
      message.error("no server for this buffer; :checkhealth dragoman says why")
    end
  end, START_MS)
end

--- The same where any client will do, because nothing in the buffer is asked about.
---@param buffer integer
---@param use fun(client: vim.lsp.Client)
function M.with_any(buffer, use)
  local running = M.client(buffer) or M.client()
  if running then
    return use(running)
  end
  M.with(buffer, use)
end

--- Ends it and starts it again, with all its buffers.
function M.restart()
  local clients, buffers = vim.lsp.get_clients({ name = NAME }), {}
  for _, client in ipairs(clients) do
    vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers))
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
    vim.iter(buffers):filter(vim.api.nvim_buf_is_loaded):each(start)
  end
  start_when_gone()
end

return M
