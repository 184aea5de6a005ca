// The head of a channel, to be read from across the room: its name, whether it is on air, whether it
// would survive, and the numbers of the merge.
import { element, mark, say } from "./element.js";
import { classOf, lag, lasting, late, PROTECTIONS, STATES, why } from "./verdict.js";

const FACTS = {
  behind: ["live-edge lag", "How old the newest media is: from the encoder's stamp to the relay"],
  upstream: ["to upstream", "The same until the slowest upstream has it"],
  window: ["merge window", "How long a hole waits for another source's copy"],
  length: ["fragment", "How long a fragment lasts"],
  gaps: ["gaps", "Fragments that nobody delivered, since the relay began"],
};

export class Head {
  constructor(name) {
    this.state = element("strong", { class: "state" });
    this.lasts = element("span", { class: "lasts" });
    this.shape = element("span", { class: "shape", "aria-hidden": "true" });
    this.word = element("strong", { class: "word" });
    this.why = element("span", { class: "why" });
    this.facts = Object.fromEntries(Object.keys(FACTS).map((what) => [what, element("dd")]));
    const terms = Object.entries(FACTS).map(([what, [label, about]]) => element(
      "div", { title: about }, element("dt", {}, label), this.facts[what],
    ));
    this.node = element(
      "section",
      { class: "head" },
      element("h1", { title: name }, name),
      element("p", { class: "protection", role: "status" }, this.shape, this.word, this.why),
      element("p", { class: "air" }, this.state, this.lasts),
      element("dl", {}, ...terms),
    );
  }

  /** `now`: the relay's clock, ms since 1970. */
  update(facts, now) {
    const { protection, state } = facts;
    mark(this.node, "class", `head ${protection.toLowerCase()}`);
    say(this.shape, PROTECTIONS[protection]);
    say(this.word, protection);
    say(this.why, why(facts));
    mark(this.state, "class", `state ${classOf(state)}`);
    say(this.state, `${STATES[state]} ${state}`);
    say(this.lasts, facts.since ? lasting(now - facts.since) : "");
    const behind = lag(facts, now);
    const { behind: edge, upstream, window, length, gaps } = this.facts;
    say(edge, behind === null ? "–" : late(behind));
    const slowest = Math.max(-1, ...Object.values(facts.upstreams).map(({ seconds }) => seconds));
    upstream.parentNode.hidden = slowest < 0;
    if (slowest >= 0) say(upstream, behind === null ? "–" : late(Math.max(0, behind) + 1000 * slowest));
    say(window, `${facts.patience} ms`);
    say(length, facts.fragment_duration ? `${facts.fragment_duration} s` : "learning");
    const holes = Object.values(facts.tracks).reduce((sum, track) => sum + track.gaps, 0);
    say(gaps, String(holes));
    mark(gaps, "class", holes ? "bad" : "");
  }
}
