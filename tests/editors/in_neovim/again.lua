local t = require("harness")

local buffer = t.open()
t.go_to("def names")
vim.cmd("Dragoman refactor")
local first = t.float()
assert(t.text_in(first):find("order.name for order in orders", 1, true), t.text_in(first))
t.press("t")
t.wait("the second try", function()
  return not t.no_float() and t.text_in(t.float()):find("list(map", 1, true)
end)
local asked
vim.ui.select = function(candidates, options, chosen)
  asked = { options.prompt, options.format_item(candidates[#candidates]) }
  chosen(candidates[#candidates])
end
t.press("p")
t.wait("the third try", function()
  return not t.no_float() and t.text_in(t.float()):find("tuple(", 1, true)
end)
t.same(asked[1], "Refactor by")
assert(asked[2]:find("ollama · scripted-coder", 1, true), asked[2])
t.press("a")
assert(t.text(buffer):find("    return tuple(", 1, true), t.text(buffer))
