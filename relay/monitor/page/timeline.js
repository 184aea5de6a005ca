// The fragment timeline: a row per source and one for the result, a cell per index, newest at the
// right, under each track. Every outcome has its shape as well as its colour.
import { element, keyed, mark, say } from "./element.js";

const COLUMNS = 30;
const HEADS = 5;
const LEGEND = [
  ["won", "won"], ["duplicate", "duplicate"], ["missing", "missing"], ["differs", "differs"],
  ["partial", "cut short"], ["late", "late"], ["silent", "silent"], ["gap", "gap"],
  ["break", "discontinuity"],
];
const KBIT = 1000;

const clock = (ms) => new Date(ms).toISOString().slice(11, 19);

export class Timeline {
  constructor() {
    this.groups = new Map();
    this.heads = Array.from({ length: COLUMNS / HEADS }, () => element("span"));
    this.body = element("div", { class: "groups" });
    const legend = LEGEND.map(([kind, label]) => element(
      "span", {}, element("i", { class: `cell ${kind}`, "aria-hidden": "true" }), label,
    ));
    this.node = element(
      "section",
      { class: "timeline" },
      element("h2", {}, "Fragments"),
      element("div", { class: "row heads", "aria-hidden": "true" }, element("span", {}, "UTC"), ...this.heads),
      this.body,
      element("p", { class: "legend" }, ...legend),
    );
  }

  update(facts) {
    const { newest, tracks, sources } = facts;
    this.heads.forEach((head, place) => {
      const back = COLUMNS - 1 - place * HEADS;
      say(head, newest === undefined ? "" : clock(facts.begins - back * facts.duration));
    });
    const names = Object.keys(tracks).sort((a, b) => tracks[a].place - tracks[b].place);
    const groups = keyed(this.body, this.groups, names, () => new Group().node);
    for (const name of names) groups.get(name).group.update(name, tracks[name], sources, newest);
  }
}

class Group {
  constructor() {
    this.title = element("h3");
    this.about = element("span", { class: "about" });
    this.body = element("div");
    this.rows = new Map();
    this.node = element("div", { class: "group" }, element("p", {}, this.title, this.about), this.body);
    this.node.group = this;
  }

  update(name, track, sources, newest) {
    say(this.title, name);
    const rate = track.bandwidth ? `${Math.round(track.bandwidth / KBIT)} kbit/s` : "";
    say(this.about, [track.codecs, track.shape, rate].filter(Boolean).join("  "));
    const senders = Object.keys(sources).filter((source) => name in sources[source].cells).sort();
    // Two kinds of row, so that no source can be called like the result's.
    const keys = [...senders.map((source) => `source ${source}`), "merged"];
    const rows = keyed(this.body, this.rows, keys, (key) => new Row(
      key === "merged" ? "merged" : key.slice("source ".length), key === "merged" ? "merged" : "source",
    ).node);
    for (const source of senders) rows.get(`source ${source}`).row.update(sources[source].cells[name], newest);
    rows.get("merged").row.update(track.cells, newest);
  }
}

class Row {
  constructor(label, kind) {
    this.cells = Array.from({ length: COLUMNS }, () => element("i", { class: "cell" }));
    this.label = label;
    this.strip = element("span", { class: "strip", role: "img" }, ...this.cells);
    this.node = element(
      "div", { class: `row ${kind}` }, element("span", { class: "label", title: label }, label), this.strip,
    );
    this.node.row = this;
  }

  update(outcomes, newest) {
    const counted = {};
    this.cells.forEach((cell, place) => {
      const index = newest - COLUMNS + 1 + place;
      const outcome = outcomes[index] ?? "none";
      mark(cell, "class", `cell ${outcome}`);
      mark(cell, "title", outcome === "none" ? "" : `${index} ${outcome}`);
      if (outcome !== "none") counted[outcome] = (counted[outcome] ?? 0) + 1;
    });
    const said = Object.entries(counted).map(([outcome, count]) => `${count} ${outcome}`);
    mark(this.strip, "aria-label", `${this.label}: ${said.join(", ")}`);
  }
}
