-- Where in a document an action is to work, in LSP's words; and how that place moves while the text changes.

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace("dragoman.place")

---@class dragoman.Place
---@field buffer integer
---@field range lsp.Range
---@field diagnostics table[]
---@field from dragoman.Mark
---@field to dragoman.Mark

---@param buffer integer
---@param line integer
---@param column integer in bytes
---@param encoding string
local function position(buffer, line, column, encoding)
  return { line = line, character = vim.lsp.util.character_offset(buffer, line, column, encoding) }
end

--- What is known to be wrong on these lines, which are counted from 0.
---@param buffer integer
---@param first integer
---@param last integer
---@return vim.Diagnostic[]
function M.diagnostics(buffer, first, last)
  return vim.tbl_filter(function(each)
    return each.lnum <= last and (each.end_lnum or each.lnum) >= first
  end, vim.diagnostic.get(buffer))
end

---@param diagnostic vim.Diagnostic
---@param encoding string
---@return lsp.Diagnostic
function M.diagnostic_to_lsp(diagnostic, encoding)
  local buffer = diagnostic.bufnr --[[@as integer]]
  return {
    range = {
      start = position(buffer, diagnostic.lnum, diagnostic.col, encoding),
      ["end"] = position(
        buffer,
        diagnostic.end_lnum or diagnostic.lnum,
        diagnostic.end_col or diagnostic.col,
        encoding
      ),
    },
    severity = diagnostic.severity,
    source = diagnostic.source,
    code = diagnostic.code,
    message = diagnostic.message,
  }
end

--- Whether these lines are those of the last selection, made by characters and not by lines.
local function selected(first, last)
  return vim.fn.visualmode() == "v" and vim.fn.line("'<") == first and vim.fn.line("'>") == last
end

---@class dragoman.Mark
---@field id integer
---@field row integer where it was

---@param buffer integer
---@param line integer
---@return dragoman.Mark
local function mark(buffer, line)
  local row = math.min(line, vim.api.nvim_buf_line_count(buffer) - 1)
  return { id = vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, row, 0, {}), row = row }
end

--- In the current buffer: lines (from 1), what is selected in them, or the cursor.
---@param first integer?
---@param last integer?
---@param encoding string
---@return dragoman.Place
function M.here(first, last, encoding)
  local buffer = vim.api.nvim_get_current_buf()
  local range
  if not first or not last then
    local cursor = vim.api.nvim_win_get_cursor(0)
    local at = position(buffer, cursor[1] - 1, cursor[2], encoding)
    range = { start = at, ["end"] = at }
  elseif selected(first, last) then
    range = vim.lsp.util.make_given_range_params(nil, nil, buffer, encoding).range
  else
    range = { start = { line = first - 1, character = 0 }, ["end"] = { line = last, character = 0 } }
  end
  local upper, lower = range.start.line, math.max(range.start.line, (last or range["end"].line + 1) - 1)
  local diagnostics = {}
  for _, each in ipairs(M.diagnostics(buffer, upper, lower)) do
    table.insert(diagnostics, M.diagnostic_to_lsp(each, encoding))
  end
  local from, to = mark(buffer, range.start.line), mark(buffer, range["end"].line)
  return { buffer = buffer, range = range, diagnostics = diagnostics, from = from, to = to }
end

--- The range where it is now.
---@param place dragoman.Place
---@return lsp.Range
function M.now(place)
  local function moved(position_then, its_mark)
    local row = vim.api.nvim_buf_get_extmark_by_id(place.buffer, NAMESPACE, its_mark.id, {})[1] or its_mark.row
    return { line = position_then.line + row - its_mark.row, character = position_then.character }
  end
  return { start = moved(place.range.start, place.from), ["end"] = moved(place.range["end"], place.to) }
end

return M
