// Helpers for the document that all views use.

export const $ = (id) => document.getElementById(id);

/** Return a new element: make("li", {className: "x"}, child, "text"). */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Return a new SVG element with these attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Return the value of a colour of style.css in the present theme. */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Show a sentence in an element with role="alert", or hide it if there is none. */
export function complain(element, sentence) {
  element.textContent = sentence ?? "";
  element.hidden = !sentence;
}

/** Return a token as text. "·" is BOS, the start and the end of a name. */
export const letterOf = (token, alphabet) =>
  token === 0 ? "·" : alphabet[token - 1] === " " ? "␣" : alphabet[token - 1];
