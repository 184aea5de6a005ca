// "Try it": what whoever looks at the demo may do to it. A button each, with a line that says what
// should happen. What there is to do, what lasts, and what cannot be done now, the relay's board
// tells; a relay that is not the demo's has nothing there, and then this is not shown.
import { element, keyed, mark, say } from "./element.js";

const PENDING_MS = 3000; // after which a press that brought nothing may be repeated

export class Strip {
  /** `node`: the section to fill. */
  constructor(node) {
    this.node = node;
    this.cards = new Map();
    this.list = element("ul");
    node.replaceChildren(
      element("h2", {}, "Try it"),
      element("p", { class: "invitation" }, "Break something, and see that nobody notices."),
      this.list,
    );
  }

  /** `acts` by name, or undefined where there is nothing to try. */
  update(acts = {}) {
    const names = Object.keys(acts).sort((a, b) => acts[a].place - acts[b].place);
    this.node.hidden = names.length === 0;
    keyed(this.list, this.cards, names, (name) => new Card(name).node);
    for (const name of names) this.cards.get(name).card.update(acts[name]);
  }
}

class Card {
  constructor(name) {
    this.name = name;
    this.pressed = 0;
    this.facts = null;
    this.button = element("button", { type: "button", on: { click: () => this.press() } });
    this.state = element("strong");
    this.expect = element("p", { id: `try-${name}` });
    mark(this.button, "aria-describedby", this.expect.id);
    this.node = element("li", {}, element("div", {}, this.button, this.state), this.expect);
    this.node.card = this;
  }

  update(facts) {
    if (facts.lasts !== this.facts?.lasts) this.pressed = 0;
    this.facts = facts;
    const { label, back, expect, lasting, lasts, hinder } = facts;
    const pending = Date.now() - this.pressed < PENDING_MS;
    const away = document.body.classList.contains("stale"); // nobody would hear it
    mark(this.node, "class", lasts ? "lasts" : hinder ? "cannot" : "");
    say(this.button, lasts && back ? back : label);
    // Not `disabled`: that would take the focus from whoever is on it.
    mark(this.button, "aria-disabled", String(Boolean(pending || away || hinder || (lasts && !back))));
    say(this.state, lasts ? `◆ ${lasting}` : pending ? "…" : hinder);
    say(this.expect, expect);
  }

  async press() {
    if (this.button.getAttribute("aria-disabled") === "true") return;
    const how = this.facts.lasts ? "end" : "begin";
    this.pressed = Date.now();
    this.update(this.facts);
    try {
      const answer = await fetch(`/api/demo/${this.name}/${how}`, {
        method: "POST", headers: { "content-type": "application/json" }, body: "{}",
      });
      if (!answer.ok) this.failed((await answer.json()).detail);
    } catch {
      this.failed("The relay does not answer.");
    }
  }

  failed(why) {
    this.pressed = 0;
    say(this.state, why);
  }
}
