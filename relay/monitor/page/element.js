// Elements and their text. What strangers have named comes in through text nodes and attributes that
// cannot run; there is no markup from strings anywhere on this page.

/** An element. `attributes`: `class`, `title`, ... set as they are; `on`: listeners by event. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else {
      node.setAttribute(name, value);
    }
  }
  node.append(...children);
  return node;
}

/** Set a node's text, and touch nothing when it is that already. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set an attribute, and touch nothing when it is that already. */
export function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Keep one child per key, in the order of `keys`; `make(key)` builds a child that is new. Children
 * that stay are not touched. Returns them by key.
 */
export function keyed(parent, known, keys, make) {
  for (const [key, node] of known) {
    if (!keys.includes(key)) {
      node.remove();
      known.delete(key);
    }
  }
  keys.forEach((key, place) => {
    if (!known.has(key)) known.set(key, make(key));
    const node = known.get(key);
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  return known;
}

/** A button that copies `text()`, and says that it did. */
export function copier(text, label) {
  const button = element("button", { type: "button", class: "copy", "aria-label": `Copy ${label}` }, "copy");
  button.addEventListener("click", async () => {
    const done = await copied(text());
    say(button, done ? "copied" : "select it");
    setTimeout(() => say(button, "copy"), 1500);
  });
  return button;
}

async function copied(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  // Without TLS, and not on this machine, browsers offer the old way only.
  const area = element("textarea", { class: "offstage", readonly: "" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
