// The panel's own script: shows what it is sent, and says which button was pressed. The answer's HTML can hold no script.
const vscode = acquireVsCodeApi();
const element = (id) => document.getElementById(id);

/** Changes what has changed and nothing else: what is selected, and a button that has the focus, stay. */
function show(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const now = element("answer"), next = [...template.content.children];
  while (now.children.length > next.length) now.lastElementChild.remove();
  next.forEach((part, at) => {
    if (at >= now.children.length) now.append(part);
    else if (!now.children[at].isEqualNode(part)) now.children[at].replaceWith(part);
  });
}

/** A line that is read aloud is set when it is another one. */
function say(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

window.addEventListener("message", ({ data }) => {
  const page = document.scrollingElement;
  const atEnd = page.scrollTop + page.clientHeight >= page.scrollHeight - 40;
  show(data.html);
  element("answer").setAttribute("aria-busy", String(data.running));
  say("line", data.line);
  say("place", data.place);
  element("others").hidden = !data.place;
  element("stop").hidden = !data.running;
  element("all").hidden = data.running;
  if (data.running && atEnd) page.scrollTop = page.scrollHeight;
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-act]");
  if (button) vscode.postMessage({ act: button.dataset.act, block: button.dataset.block });
});

vscode.postMessage({ act: "ready" });
