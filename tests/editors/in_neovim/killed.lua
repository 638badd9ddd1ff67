local t = require("harness")

local function servers()
  local found = {}
  for line in io.lines(vim.env.RECORDING) do
    local whole, message = pcall(vim.json.decode, line)
    if whole and not vim.list_contains(found, message.server) then
      table.insert(found, message.server)
    end
  end
  return found
end

local buffer = t.open()
vim.cmd("Dragoman explain")
local float = t.float()
t.wait("the answer begun", function()
  return t.text_in(float):find("and so on", 1, true)
end)
vim.api.nvim_set_current_win(vim.fn.win_findbuf(buffer)[1])
t.press("Go# typed by hand<Esc>")
local typed = t.text(buffer)
vim.uv.kill(servers()[1], "sigkill")
t.wait("a message that says what to do", function()
  return t.noted("the server has ended; the next :Dragoman command starts it again")
end)
t.wait("an empty status line", function()
  return require("dragoman").status() == ""
end)
t.same(t.text(buffer), typed)
assert(t.text_in(float):find("and so on", 1, true), "what had come of the answer is gone")
vim.api.nvim_win_close(float, true)
vim.cmd("Dragoman refactor")
t.wait("a second server", function()
  return #servers() == 2 and require("dragoman.server").client(buffer)
end)
vim.cmd("Dragoman cancel")
vim.cmd("Dragoman restart")
t.wait("a third server", function()
  return #servers() == 3 and require("dragoman.server").client(buffer)
end)
t.same(t.text(buffer), typed)
t.same(vim.bo[buffer].modified, true)
