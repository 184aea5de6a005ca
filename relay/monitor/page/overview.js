// Every channel in a line, worst first: what needs a hand stands at the top.
import { element, keyed, mark, say } from "./element.js";

const RANK = { DOWN: 0, EXPOSED: 1, PROTECTED: 2 };
export const SHAPES = { PROTECTED: "●●", EXPOSED: "●○", DOWN: "○○" };

/** Names of the channels: DOWN, EXPOSED, PROTECTED, each by name. */
export function worstFirst(channels) {
  const rank = (name) => RANK[channels[name].protection];
  return Object.keys(channels).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

export class Overview {
  constructor(node) {
    this.node = node;
    this.links = new Map();
  }

  update(channels, chosen) {
    const names = worstFirst(channels);
    this.node.hidden = names.length < 2;
    keyed(this.node, this.links, names, (name) => element(
      "a",
      { href: `#${encodeURIComponent(name)}` },
      element("span", { class: "shape", "aria-hidden": "true" }),
      element("span", { class: "name" }, name),
      element("span", { class: "word" }),
    ));
    for (const [name, link] of this.links) {
      const { protection } = channels[name];
      mark(link, "class", protection.toLowerCase());
      mark(link, "aria-current", String(name === chosen));
      say(link.children[0], SHAPES[protection]);
      say(link.children[2], protection);
    }
  }
}
