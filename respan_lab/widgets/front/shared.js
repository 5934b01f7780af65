// What all parts share. Text is only ever set as text: a `<script>` in an answer stays
// what it is.

// Make an element: attributes and properties, then texts and elements in it.
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Take over the element of a view: its looks, its name for screen readers, and its
// keys. Without the last, a notebook takes keys for its own and cuts cells.
function root(el, name, label) {
  el.classList.add("respan-lab", `rl-${name}`);
  el.setAttribute("data-lm-suppress-shortcuts", "true");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", label);
  return el;
}

// Draw now and whenever one of the values changes; gives what ends it.
function follow(model, names, draw) {
  for (const name of names) model.on(`change:${name}`, draw);
  draw();
  return () => names.forEach((name) => model.off(`change:${name}`, draw));
}
