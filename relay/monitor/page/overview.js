// Every channel in a line, worst first: what needs a hand stands at the top.
import { deed } from "./deed.js";
import { element, keyed, mark, say } from "./element.js";
import { STATES as UPSTREAMS } from "./upstreams.js";
import { classOf, lag, lasting, late, PROTECTIONS, STATES, why } from "./verdict.js";

const RANK = { DOWN: 0, EXPOSED: 1, PROTECTED: 2 };

/** Names of the channels: DOWN, EXPOSED, PROTECTED, each with its trouble first, then by name. */
export function worstFirst(channels) {
  const rank = (name) => 3 * RANK[channels[name].protection] + (troubled(channels[name]) ? 0 : 1);
  return Object.keys(channels).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function troubled({ flags, upstreams }) {
  const refusing = Object.values(upstreams).some(({ state }) => UPSTREAMS[state]?.kind === "bad");
  return refusing || Object.keys(flags).length > 0;
}

export class Overview {
  /** `offers`: what the relay can be asked for. */
  constructor({ offers = {} }) {
    this.lines = new Map();
    this.idle = new Map();
    this.resting = element("ul", { class: "resting" });
    this.rest = (name) => resting(name, offers);
    this.list = element("ol");
    this.counts = element("p", { class: "counts", role: "status" });
    this.node = element("section", { class: "overview" }, element("h1", {}, "Channels"), this.counts, this.list, this.resting);
  }

  close() {}

  /** `stopped`: names of channels that an operator has stopped; `now`: the relay's clock, ms. */
  update(channels, stopped, now) {
    keyed(this.resting, this.idle, stopped.filter((name) => !(name in channels)), this.rest);
    const names = worstFirst(channels);
    keyed(this.list, this.lines, names, (name) => new Line(name).node);
    for (const name of names) this.lines.get(name).line.update(channels[name], now);
    const counted = Object.keys(RANK)
      .map((word) => [names.filter((name) => channels[name].protection === word).length, word])
      .filter(([count]) => count);
    say(this.counts, counted.map(([count, word]) => `${count} ${word}`).join(", "));
  }
}

/** A channel that an operator has stopped, and the way to start it. */
function resting(name, offers) {
  const node = element("li", {}, element("strong", {}, name), " ", element("span", { class: "stopped" }, "■ STOPPED"), " by an operator ");
  const path = `/api/v1/channels/${encodeURIComponent(name)}/start`;
  if (offers.start) node.append(deed("start", `Start ${name}`, () => ({ path })));
  return node;
}

class Line {
  constructor(name) {
    const part = (kind) => element("span", { class: kind });
    this.state = part("state");
    this.lasts = part("lasts");
    this.protection = part("protection");
    this.why = part("why");
    this.sources = part("sources");
    this.upstreams = part("upstreams");
    this.known = new Map();
    this.lag = part("lag");
    this.link = element(
      "a",
      { href: `#${encodeURIComponent(name)}` },
      element("strong", { class: "name", title: name }, name),
      element("span", { class: "words" }, this.protection, element("span", { class: "air" }, this.state, this.lasts)),
      element("span", { class: "facts" }, this.why, this.sources, this.upstreams),
      this.lag,
    );
    this.node = element("li", {}, this.link);
    this.node.line = this;
  }

  update(facts, now) {
    const { state, protection, sources, upstreams } = facts;
    mark(this.link, "class", protection.toLowerCase());
    mark(this.state, "class", `state ${classOf(state)}`);
    say(this.state, `${STATES[state]} ${state}`);
    say(this.lasts, facts.since ? lasting(now - facts.since) : "");
    say(this.protection, `${PROTECTIONS[protection]} ${protection}`);
    say(this.why, why(facts));
    const all = Object.values(sources);
    say(this.sources, all.length ? `${all.filter(({ alive }) => alive).length} of ${all.length} sources deliver` : "");
    const up = Object.keys(upstreams).sort();
    keyed(this.upstreams, this.known, up, () => element("span"));
    for (const [name, node] of this.known) {
      const { shape, kind } = UPSTREAMS[upstreams[name].state] ?? { shape: "?" };
      mark(node, "class", kind === "bad" ? "bad" : "");
      say(node, `${shape} ${name}`);
    }
    const behind = lag(facts, now);
    say(this.lag, behind === null ? "" : `${late(behind)} behind`);
  }
}
