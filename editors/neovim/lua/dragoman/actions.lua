-- What can be asked for, and how its result is shown. Data alone; the server knows what each of them does.

---@class dragoman.Action
---@field title string
---@field shows "answer"|"preview"|"text" in a window as it is written; as a diff first; or where the server puts it
---@field prompt string? what is asked where no words are given
---@field needs_words boolean? whether there is nothing to do without any
---@field words string[]? what the command line completes

---@type table<string, dragoman.Action>
return {
  action = { title = "Action of your own", shows = "text", prompt = "Its name: ", needs_words = true },
  ask = { title = "Ask", shows = "answer", prompt = "Ask: ", needs_words = true },
  chat = { title = "Chat", shows = "text" },
  commit = { title = "Commit message", shows = "answer" },
  complete = { title = "Complete", shows = "text" },
  document = { title = "Document", shows = "preview" },
  edit = { title = "Edit", shows = "preview", prompt = "Edit: ", needs_words = true },
  explain = { title = "Explain", shows = "answer" },
  fix = { title = "Fix", shows = "preview" },
  refactor = { title = "Refactor", shows = "preview", words = { "simplify", "optimise", "add types", "extract" } },
  regex = { title = "Regex", shows = "preview" },
  review = { title = "Review", shows = "text" },
  ["review.changes"] = { title = "Review changes", shows = "text" },
  tests = { title = "Write tests", shows = "text" },
}
