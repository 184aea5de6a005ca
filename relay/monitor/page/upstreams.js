// Where the channel goes: one card for each upstream, with its state in a word and a shape, what it
// said last, how far it is behind and when it is tried again.
import { element, keyed, mark, say } from "./element.js";

const STATES = {
  streaming: { shape: "●", kind: "good", text: "It takes what there is." },
  catching_up: { shape: "◐", kind: "follow", text: "It takes what it has missed." },
  connecting: { shape: "◌", kind: "idle", text: "The channel is about to be sent." },
  probing: { shape: "◌", kind: "idle", text: "It has been asked whether it takes the channel." },
  retrying: { shape: "↻", kind: "bad", text: "It does not take it." },
  refused: { shape: "✕", kind: "bad", text: "It refuses." },
  paused: { shape: "‖", kind: "idle", text: "Nothing to send." },
};

export class Upstreams {
  constructor() {
    this.cards = new Map();
    this.list = element("ul");
    this.node = element("section", { class: "upstreams" }, element("h2", {}, "Upstreams"), this.list);
  }

  /** `now`: the relay's clock, ms since 1970. */
  update({ upstreams }, now) {
    const names = Object.keys(upstreams).sort();
    this.node.hidden = names.length === 0;
    keyed(this.list, this.cards, names, (name) => new Card(name).node);
    for (const name of names) this.cards.get(name).card.update(upstreams[name], now);
  }
}

class Card {
  constructor(name) {
    this.state = element("span", { class: "state" });
    this.reason = element("p", { class: "reason" });
    this.backlog = element("dd");
    this.again = element("dd");
    this.lost = element("dd");
    const fact = (label, value) => element("div", {}, element("dt", {}, label), value);
    this.node = element(
      "li",
      {},
      element("p", {}, element("strong", { title: name }, name), this.state),
      this.reason,
      element(
        "dl",
        {},
        fact("backlog", this.backlog),
        fact("next try", this.again),
        fact("lost", this.lost),
      ),
    );
    this.node.card = this;
  }

  update(facts, now) {
    const { shape, kind } = STATES[facts.state];
    mark(this.node, "class", kind);
    say(this.state, `${shape} ${facts.state.replace("_", " ")}`);
    const told = sentence(facts);
    say(this.reason, told);
    mark(this.reason, "title", told);
    say(this.backlog, `${facts.seconds.toFixed(1)} s`);
    say(this.again, facts.again ? `in ${Math.max(0, Math.ceil((facts.again - now) / 1000))} s` : "–");
    say(this.lost, String(facts.lost));
    mark(this.lost, "class", facts.lost ? "bad" : "");
  }
}

/** The reason as a sentence. One that came before what is now is told as the past. */
function sentence({ state, reason }) {
  const { kind, text } = STATES[state];
  if (!reason) return text;
  const said = `${reason[0].toUpperCase()}${reason.slice(1)}`.replace(/\.?$/, ".");
  return kind === "bad" || state === "paused" ? said : `${text} Before: ${said}`;
}
