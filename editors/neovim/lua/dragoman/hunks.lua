-- Hunks: what differs between two texts, and where that stands in a third. Pure: lines in, lines out.

local M = {}

---@class dragoman.Hunk
---@field at integer lines before it, in the text that it is for
---@field old string[] the lines that it takes away
---@field new string[] the lines that it puts there

---@param lines string[]
---@return string
local function joined(lines)
  return table.concat(lines, "\n") .. "\n"
end

--- `{ lines before, lines taken away, lines before in the other, lines put there }` for each difference.
---@param before string[]
---@param after string[]
---@return integer[][]
function M.differences(before, after)
  local diff = vim.text and vim.text.diff or vim.diff -- another name from Neovim 0.12 on
  local found = diff(joined(before), joined(after), { result_type = "indices", algorithm = "histogram" })
  return vim.tbl_map(function(each)
    -- A side without lines is named by the line that it comes after.
    local from, to = each[1] - (each[2] > 0 and 1 or 0), each[3] - (each[4] > 0 and 1 or 0)
    return { from, each[2], to, each[4] }
  end, found --[[@as integer[][] ]])
end

---@param before string[]
---@param after string[]
---@return dragoman.Hunk[]
function M.between(before, after)
  return vim.tbl_map(function(each)
    return {
      at = each[1],
      old = vim.list_slice(before, each[1] + 1, each[1] + each[2]),
      new = vim.list_slice(after, each[3] + 1, each[3] + each[4]),
    }
  end, M.differences(before, after))
end

--- Where a hunk stands now; nil where its own lines have changed since.
---@param hunk dragoman.Hunk
---@param since integer[][] the differences between the text that it is for and that of now
---@return integer? at
function M.place(hunk, since)
  local first, last, shift = hunk.at, hunk.at + #hunk.old, 0
  for _, each in ipairs(since) do
    local from, to = each[1], each[1] + each[2]
    local apart_above = to < first or (to == first and #hunk.old > 0)
    local apart_below = from > last or (from == last and #hunk.old > 0)
    if apart_above then
      shift = shift + each[4] - each[2]
    elseif not apart_below then
      return nil
    end
  end
  return hunk.at + shift
end

return M
