// Small pieces of a page: a mark of the sprite, a word.

export function mark(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#m-${name}`);
  svg.append(use);
  return svg;
}

export function span(text, style = "") {
  const element = document.createElement("span");
  element.textContent = text;
  element.className = style;
  return element;
}
