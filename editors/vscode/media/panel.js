// The panel's own script: shows what it is sent, and says which button was pressed. The answer's HTML can hold no script.
const vscode = acquireVsCodeApi();
const element = (id) => document.getElementById(id);

window.addEventListener("message", ({ data }) => {
  const page = document.scrollingElement;
  const atEnd = page.scrollTop + page.clientHeight >= page.scrollHeight - 40;
  element("answer").innerHTML = data.html;
  element("answer").setAttribute("aria-busy", String(data.running));
  element("line").textContent = data.line;
  element("stop").hidden = !data.running;
  element("all").hidden = data.running;
  if (data.running && atEnd) page.scrollTop = page.scrollHeight;
});

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-act]");
  if (button) vscode.postMessage({ act: button.dataset.act, block: button.dataset.block });
});

vscode.postMessage({ act: "ready" });
