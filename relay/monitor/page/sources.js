// The senders: who wins, who only follows, and who has gone.
import { element, keyed, mark, say } from "./element.js";

const HEADS = ["source", "", "won", "duplicates", "late", "differs", "last"];
const STATES = {
  well: "delivering", differs: "differs", late: "late", partial: "breaks off", suspect: "times ahead",
  behind: "sends the past",
};
const MOST = 12;

export function age(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

export class Sources {
  constructor() {
    this.rows = new Map();
    this.body = element("tbody");
    this.rest = element("p", { class: "rest" });
    this.node = element(
      "section",
      { class: "sources" },
      element("h2", {}, "Sources"),
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...HEADS.map((head) => element("th", { scope: "col" }, head)))),
        this.body,
      ),
      this.rest,
    );
  }

  update({ sources }, now) {
    const latest = Object.keys(sources).sort((a, b) => sources[b].last - sources[a].last);
    const shown = latest.slice(0, MOST).sort();
    keyed(this.body, this.rows, shown, (source) => element(
      "tr", {}, element("th", { scope: "row", title: source }, source), ...HEADS.slice(1).map(() => element("td")),
    ));
    const published = latest.reduce((sum, source) => sum + sources[source].won, 0);
    for (const [source, row] of this.rows) fill(row, sources[source], published, now);
    say(this.rest, rest(latest.length));
  }
}

function rest(count) {
  if (!count) return "None has come yet.";
  return count > MOST ? `and ${count - MOST} that have been silent for longer` : "";
}

/** How a source is: the merge's word, then those of the heartbeat. */
function how({ alive, state, words }) {
  if (!alive) return "silent";
  return words ? `${STATES[state]}: ${words}` : STATES[state];
}

/** `published`: how many copies of all sources have won; the shares of all are the whole. */
function fill(row, facts, published, now) {
  const [, state, won, duplicates, late, differs, last] = row.children;
  const bad = facts.state !== "well" || !facts.alive;
  mark(row, "class", bad ? "bad" : "well");
  say(state, `${bad ? "◇" : "◆"} ${how(facts)}`);
  say(won, published ? `${Math.round((100 * facts.won) / published)} %` : "–");
  say(duplicates, String(facts.duplicate));
  say(late, String(facts.late));
  say(differs, String(facts.differs));
  say(last, age(now - facts.last));
}
