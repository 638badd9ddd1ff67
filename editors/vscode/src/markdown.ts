// A model's Markdown as HTML that can do nothing: no HTML of the answer's own, no pictures, no links but to the web.
// Every block of code gets a bar with its language and what can be done with it.
import MarkdownIt from "markdown-it";

export interface Page {
  html: string;
  /** The text of each block of code, by the number that its bar carries. */
  blocks: string[];
}

export function page(markdown: string): Page {
  const blocks: string[] = [];
  const reader = new MarkdownIt({ html: false, linkify: false });
  const { escapeHtml } = reader.utils;
  reader.validateLink = (url) => /^https?:\/\//i.test(url);
  reader.renderer.rules["image"] = (tokens, index) => escapeHtml(tokens[index]?.content ?? "");
  const block = (text: string, language: string): string => {
    const number = blocks.push(text) - 1;
    const button = (act: string, title: string): string => `<button data-act="${act}" data-block="${number}" aria-label="${title} block ${number + 1}">${title}</button>`;
    const bar = `<div class="bar"><span>${escapeHtml(language)}</span>${button("insert", "Insert")}${button("copy", "Copy")}</div>`;
    return `<div class="code">${bar}<pre><code>${escapeHtml(text)}</code></pre></div>\n`;
  };
  reader.renderer.rules["fence"] = (tokens, index) => block(tokens[index]?.content ?? "", tokens[index]?.info.trim().split(/\s+/)[0] ?? "");
  reader.renderer.rules["code_block"] = (tokens, index) => block(tokens[index]?.content ?? "", "");
  return { html: reader.render(markdown), blocks };
}
