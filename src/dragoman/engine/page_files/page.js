// Shows each answer as the server has rendered it, newest first. Only what has changed is put in anew, so that a
// selection in the text stays.
"use strict";

const main = document.querySelector("main");
const state = document.getElementById("state");
const blank = document.getElementById("answer");

function articleOf(answer) {
  const id = `answer-${answer.id}`;
  const shown = document.getElementById(id);
  if (shown) return shown;
  document.getElementById("none")?.remove();
  const article = blank.content.cloneNode(true).firstElementChild;
  article.id = id;
  article.querySelector("h2").textContent = answer.title;
  const older = [...main.children].find((other) => Number(other.dataset.number) < answer.id);
  article.dataset.number = answer.id;
  main.insertBefore(article, older ?? null);
  return article;
}

function put(shown, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const parts = [...fresh.content.children];
  while (shown.children.length > parts.length) shown.lastElementChild.remove();
  parts.forEach((part, index) => {
    const old = shown.children[index];
    if (!old) shown.append(part);
    else if (!old.isEqualNode(part)) old.replaceWith(part);
  });
}

const source = new EventSource("events");
source.onopen = () => { state.textContent = "live"; };
source.onmessage = ({ data }) => {
  const answer = JSON.parse(data);
  const article = articleOf(answer);
  article.dataset.state = answer.state;
  article.querySelector(".who").textContent = answer.who;
  article.querySelector(".note").textContent = answer.note;
  put(article.querySelector(".text"), answer.html);
};
source.onerror = () => {
  source.close();
  state.textContent = "ended: your editor has closed, or open the page from it again";
};
