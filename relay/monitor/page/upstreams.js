// Where the channel goes: one card for each upstream, with its state in a word and a shape, what it
// said last, how far it is behind, how often it was tried and when it is tried again.
import { deed } from "./deed.js";
import { element, keyed, mark, say } from "./element.js";
import { megabits } from "./verdict.js";

export const STATES = {
  streaming: { shape: "●", kind: "good", text: "It takes what there is." },
  catching_up: { shape: "◐", kind: "follow", text: "It takes what it has missed." },
  connecting: { shape: "◌", kind: "idle", text: "The channel is about to be sent." },
  probing: { shape: "◌", kind: "idle", text: "It has been asked whether it takes the channel." },
  retrying: { shape: "↻", kind: "bad", text: "It does not take it." },
  refused: { shape: "✕", kind: "bad", text: "It refuses." },
  paused: { shape: "‖", kind: "idle", text: "Nothing to send." },
  standby: { shape: "○", kind: "idle", text: "Another relay sends to it." },
};
const UNKNOWN = { shape: "?", kind: "idle", text: "" };
const DEEDS = {
  restart: ["Close its connections and try again at once", {}],
  pause: ["Send nothing until it is resumed", { sure: true }],
  resume: ["Go on from where it was paused", {}],
};
const FACTS = {
  backlog: "backlog", rate: "Mbit/s", posts: "POSTs", retries: "failed", again: "next try", lost: "lost",
};

export class Upstreams {
  /** `channel`: its name; `offers`: what the relay can be asked for. */
  constructor(channel, offers) {
    this.make = (name) => new Card(name, channel, offers).node;
    this.cards = new Map();
    this.list = element("ul");
    this.node = element("section", { class: "upstreams cards" }, element("h2", {}, "Upstreams"), this.list);
  }

  /** `now`: the relay's clock, ms since 1970. */
  update({ upstreams }, now) {
    const names = Object.keys(upstreams).sort();
    this.node.hidden = names.length === 0;
    keyed(this.list, this.cards, names, this.make);
    for (const name of names) this.cards.get(name).card.update(upstreams[name], now);
  }
}

class Card {
  constructor(name, channel, offers) {
    const path = `/api/v1/channels/${encodeURIComponent(channel)}/upstreams/${encodeURIComponent(name)}`;
    this.state = element("span", { class: "state" });
    this.reason = element("p", { class: "reason" });
    this.facts = Object.fromEntries(Object.keys(FACTS).map((what) => [what, element("dd")]));
    const words = Object.keys(DEEDS).filter((word) => offers[word]);
    this.node = element(
      "li",
      {},
      element("p", { class: "who" }, element("strong", { title: name }, name), this.state),
      this.reason,
      element(
        "dl",
        {},
        ...Object.entries(FACTS).map(([what, label]) => element("div", {}, element("dt", {}, label), this.facts[what])),
      ),
      element("p", { class: "deeds" }, ...words.map((word) => {
        const [about, how] = DEEDS[word];
        return deed(word, `${name}: ${about}`, () => ({ path: `${path}/${word}` }), how);
      })),
    );
    this.node.card = this;
  }

  update(facts, now) {
    const { shape, kind } = STATES[facts.state] ?? UNKNOWN;
    mark(this.node, "class", kind);
    say(this.state, `${shape} ${facts.state.replace("_", " ")}`);
    const told = sentence(facts);
    say(this.reason, told);
    mark(this.reason, "title", told);
    const { backlog, rate: bits, posts, retries, again, lost } = this.facts;
    say(backlog, `${facts.seconds.toFixed(1)} s`);
    say(bits, megabits(facts.bitrate));
    say(posts, String(facts.posts ?? 0));
    say(retries, String(facts.retries ?? 0));
    say(again, facts.again ? `in ${Math.max(0, Math.ceil((facts.again - now) / 1000))} s` : "–");
    say(lost, String(facts.lost));
    mark(lost, "class", facts.lost ? "bad" : "");
  }
}

/** The reason as a sentence. One that came before what is now is told as the past. */
function sentence({ state, reason }) {
  const { kind, text } = STATES[state] ?? UNKNOWN;
  if (!reason) return text;
  const said = `${reason[0].toUpperCase()}${reason.slice(1)}`.replace(/\.?$/, ".");
  return kind === "bad" || state === "paused" || state === "standby" ? said : `${text} Before: ${said}`;
}
