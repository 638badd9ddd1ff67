-- What a person may set in `vim.g.dragoman`, with its defaults. Read anew each time: nothing is set up.

---@class dragoman.Options
---@field enable boolean start the server beside files of every type
---@field preview boolean show an edit as a diff first; `:Dragoman!` turns this round for once
---@field border string|string[] as in |nvim_open_win()|
---@field width number of the editor's columns, as a part of 1
---@field height number of the editor's lines, as a part of 1
---@field settings table Dragoman's own settings, as docs/settings.md has them
local DEFAULTS = { enable = true, preview = true, border = "rounded", width = 0.7, height = 0.6, settings = {} }

---@return dragoman.Options
return function()
  return vim.tbl_extend("force", DEFAULTS, vim.g.dragoman or {})
end
