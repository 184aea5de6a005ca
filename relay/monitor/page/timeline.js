// The fragment timeline of about the last minute: for each track a row per source and one for the
// result, a cell per index, newest at the right. It is drawn on a canvas per track, and only when its
// cells have changed. What the pointer or the arrow keys stand on is said in words.
import { LEGEND, meant, named, paint } from "./cells.js";
import { Easel } from "./easel.js";
import { element, keyed, mark, say } from "./element.js";
import { Group } from "./group.js";

const EVERY = 5; // columns between two times
const MANY = 6; // tracks; beyond it rows are low
const HINT = "Point at a cell, or focus a track and use the arrow keys.";

export const clock = (ms) => new Date(ms).toISOString().slice(11, 19);

export class Timeline {
  constructor() {
    this.groups = new Map();
    this.facts = null;
    this.told = "";
    this.heads = new Easel(16, (pen, width, ink) => this.times(pen, width, ink), { "aria-hidden": "true" });
    this.body = element("div", { class: "groups" });
    this.readout = element("output", { class: "readout", "aria-live": "polite" }, HINT);
    this.legend = LEGEND.map(sample);
    this.node = element(
      "section",
      { class: "timeline", "aria-label": "Fragments" },
      element("h2", {}, "Fragments"),
      element("div", { class: "rows heads" }, element("span", {}, "UTC"), this.heads.canvas),
      this.body,
      this.readout,
      element("p", { class: "legend" }, ...this.legend.map(({ node }) => node)),
    );
  }

  close() {
    for (const { easel } of [{ easel: this.heads }, ...this.legend]) easel.close();
    for (const { group } of this.groups.values()) group.close();
  }

  update(facts) {
    this.facts = facts;
    const { newest, begins, columns, tracks, sources } = facts;
    const told = `${newest} ${begins} ${columns}`;
    if (told !== this.told) {
      this.told = told;
      this.heads.draw();
    }
    const names = Object.keys(tracks).sort((a, b) => tracks[a].place - tracks[b].place);
    const before = new Map(this.groups);
    const groups = keyed(this.body, this.groups, names, (name) => new Group(name, (at) => this.read(at)).node);
    for (const [name, node] of before) if (!groups.has(name)) node.group.close();
    const dense = names.length > MANY;
    mark(this.body, "class", dense ? "groups dense" : "groups");
    for (const name of names) groups.get(name).group.update(tracks[name], sources, facts, dense);
  }

  /** Say what stands in a cell, or how to find out. `at`: {track, label, index, outcome}. */
  read(at) {
    if (!at || !this.facts) {
      say(this.readout, HINT);
      return;
    }
    const { begins, newest, duration } = this.facts;
    const where = `${at.track}  ${at.label}  ${at.index}  ${clock(begins - (newest - at.index) * duration)}`;
    const meaning = meant(at.outcome);
    say(this.readout, at.outcome ? `${where}  ${named(at.outcome)}${meaning && `: ${meaning}`}` : `${where}  nothing`);
  }

  times(pen, width, ink) {
    const { newest, begins, duration, columns } = this.facts ?? {};
    if (newest === undefined) return;
    pen.font = '11px ui-monospace, "DejaVu Sans Mono", monospace';
    pen.textBaseline = "middle";
    const step = width / columns;
    const apart = EVERY * Math.max(1, Math.ceil(70 / (EVERY * step)));
    for (let place = columns - apart; place > -1; place -= apart) {
      const x = Math.round(place * step);
      pen.fillStyle = ink.line;
      pen.fillRect(x, 0, 1, 16);
      pen.fillStyle = ink.soft;
      pen.fillText(clock(begins - (columns - 1 - place) * duration), x + 4, 8);
    }
  }
}

function sample(outcome) {
  const box = { x: 0, y: 0, width: 16, height: 16 };
  const easel = new Easel(16, (pen, _, ink) => paint(pen, outcome, box, ink), { "aria-hidden": "true" });
  return { easel, node: element("span", {}, easel.canvas, named(outcome)) };
}
