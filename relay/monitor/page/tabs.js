// The way from one channel to the next while one is open: a link for each, worst first.
import { element, keyed, mark, say } from "./element.js";
import { PROTECTIONS } from "./verdict.js";
import { worstFirst } from "./overview.js";

export class Tabs {
  constructor(node) {
    this.node = node;
    this.links = new Map();
  }

  /** `chosen`: the channel that is open, if one is. */
  update(channels, chosen) {
    const names = worstFirst(channels);
    this.node.hidden = names.length < 2 || chosen === null;
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
      say(link.children[0], PROTECTIONS[protection]);
      say(link.children[2], protection);
    }
  }
}
