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

// A line of what is not settled, with the button that settles it.
export function openLine(text, act, value) {
  const item = Object.assign(document.createElement("li"), { className: "row between" });
  const icon = mark("flag");
  icon.classList.add("bad-t");
  const said = span("");
  said.append(icon, ` ${text}`);
  item.append(said);
  if (value) {
    const button = Object.assign(document.createElement("button"), { className: "btn quiet small", name: "type", value });
    button.textContent = act;
    item.append(button);
  }
  return item;
}
