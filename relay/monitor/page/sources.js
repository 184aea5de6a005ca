// The senders, a card each: who wins, who only follows, who has gone and why.
import { deed } from "./deed.js";
import { element, keyed, mark, say } from "./element.js";
import { age, megabits } from "./verdict.js";

const STATES = {
  well: "delivering", differs: "differs", late: "late", fill: "late", partial: "breaks off",
  suspect: "times ahead", behind: "sends the past", flood: "too many events", refused: "refused",
  connected: "connected", held: "waiting",
};
const MOST = 12;

export class Sources {
  /** `channel`: its name; `offers`: what the relay can be asked for. */
  constructor(channel, offers) {
    this.make = (name) => new Card(name, channel, offers).node;
    this.cards = new Map();
    this.list = element("ul");
    this.rest = element("p", { class: "rest" });
    this.node = element("section", { class: "sources cards" }, element("h2", {}, "Sources"), this.list, this.rest);
  }

  update({ sources, preferred }, now) {
    const latest = Object.keys(sources).sort((a, b) => sources[b].last - sources[a].last);
    const shown = latest.slice(0, MOST).sort();
    keyed(this.list, this.cards, shown, this.make);
    const published = latest.reduce((sum, source) => sum + sources[source].won, 0);
    for (const [source, node] of this.cards) {
      node.card.update(sources[source], published, preferred === source, now);
    }
    say(this.rest, rest(latest.length));
  }
}

function rest(count) {
  if (!count) return "None has come yet.";
  return count > MOST ? `and ${count - MOST} that have been silent for longer` : "";
}

/** How a source is: the merge's word, then those of the heartbeat. */
function how({ alive, state, words }) {
  if (!alive) return state === "refused" || state === "connected" ? STATES[state] : "silent";
  return words ? `${STATES[state]}: ${words}` : STATES[state];
}

const FACTS = {
  won: "won", duplicate: "duplicates", missing: "missing", late: "late", differs: "differs",
  lateness: "delay", drift: "drift", rate: "Mbit/s", visits: "POSTs", last: "last",
};

class Card {
  constructor(name, channel, offers) {
    const base = `/api/v1/channels/${encodeURIComponent(channel)}`;
    this.state = element("span", { class: "state" });
    this.reason = element("p", { class: "reason" });
    this.facts = Object.fromEntries(Object.keys(FACTS).map((what) => [what, element("dd")]));
    const deeds = element("p", { class: "deeds" });
    if (offers.prefer) {
      const ask = () => ({ path: `${base}/prefer`, body: { source: this.preferred ? null : name } });
      this.prefer = deed("prefer", `Take the copies of ${name} while it delivers`, ask);
      deeds.append(this.prefer);
    }
    if (offers.disconnect) {
      const ask = () => ({ path: `${base}/sources/${encodeURIComponent(name)}/disconnect` });
      deeds.append(deed("disconnect", `Close the connections of ${name}`, ask, { sure: true }));
    }
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
      deeds,
    );
    this.node.card = this;
  }

  /** `published`: how many copies of all sources have won; the shares of all are the whole. */
  update(facts, published, preferred, now) {
    const bad = facts.state !== "well" || !facts.alive;
    mark(this.node, "class", bad ? "bad" : "good");
    say(this.state, `${bad ? "◇" : "◆"} ${how(facts)}`);
    say(this.reason, `${preferred ? "Preferred: its copies are taken first. " : ""}${sentence(facts)}`);
    const { won, duplicate, missing, late, differs, lateness, drift, rate: bits, visits, last } = this.facts;
    say(won, published ? `${Math.round((100 * facts.won) / published)} %` : "–");
    say(duplicate, String(facts.duplicate));
    count(missing, facts.gaps);
    count(late, facts.late);
    count(differs, facts.differs);
    say(lateness, "lateness" in facts ? `${facts.lateness} ms` : "–");
    say(drift, "drift" in facts ? `${facts.drift} ms` : "–");
    say(bits, megabits(facts.bitrate));
    say(visits, `${facts.posts} of ${facts.visits}`);
    mark(visits, "title", `${facts.posts} open; ${facts.visits} since the relay began`);
    say(last, facts.last ? age(now - facts.last) : "–");
    this.preferred = preferred;
    if (this.prefer) mark(this.prefer.firstChild, "aria-pressed", String(preferred));
  }
}

function count(node, number) {
  say(node, String(number));
  mark(node, "class", number ? "bad" : "");
}

/** How it left last, or why it was refused. */
function sentence({ reason, left }) {
  if (!reason) return "";
  return `${new Date(left).toISOString().slice(11, 19)} ${reason.replace(/\.?$/, ".")}`;
}
