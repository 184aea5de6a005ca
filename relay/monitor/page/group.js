// One track on the timeline: its rows on one canvas. `drawn` of the canvas is what stands on it, by row
// and index.
import { named, paint } from "./cells.js";
import { Easel } from "./easel.js";
import { element, keyed, mark, say } from "./element.js";
import { rate } from "./verdict.js";

/** Pixels of a row and of a cell in it, where there are few tracks and where there are many. */
const SIZES = { wide: [21, 17], dense: [14, 11] };
const MERGED = "merged";
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class Group {
  /** `read({label, index, outcome} | null)`: what is pointed at. */
  constructor(name, read) {
    this.name = name;
    this.read = read;
    this.rows = [];
    [this.row, this.bar] = SIZES.wide;
    this.at = null; // row and column that the viewer stands on
    this.title = element("h3", { title: name }, name);
    this.about = element("span", { class: "about" });
    this.labels = element("div", { class: "labels" });
    this.known = new Map();
    this.easel = new Easel(this.row, (pen, width, ink) => this.paint(pen, width, ink), { tabindex: "0", role: "img" });
    const { canvas } = this.easel;
    canvas.addEventListener("pointermove", (event) => this.point(event));
    canvas.addEventListener("pointerleave", () => this.stand(null));
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("blur", () => this.stand(null));
    this.node = element(
      "div",
      { class: "group" },
      element("p", {}, this.title, this.about),
      element("div", { class: "rows" }, this.labels, canvas),
    );
    this.node.group = this;
  }

  close() {
    this.easel.close();
  }

  /** `dense`: there are many tracks. */
  update(track, sources, { newest, columns }, dense) {
    const [row, bar] = SIZES[dense ? "dense" : "wide"];
    const bits = track.bandwidth ? rate(track.bandwidth) : "";
    say(this.about, [track.codecs, track.shape, bits].filter(Boolean).join("  "));
    // Two kinds of row, so that no source can be called like the result's.
    const senders = Object.keys(sources).filter((source) => this.name in sources[source].cells).sort();
    const rows = senders.map((source) => ({
      key: `source ${source}`, label: source, kind: "source", cells: sources[source].cells[this.name],
    }));
    rows.push({ key: MERGED, label: MERGED, kind: MERGED, cells: track.cells });
    const stays = this.newest === newest && this.columns === columns && this.row === row;
    if (stays && same(rows, this.rows)) return;
    Object.assign(this, { newest, columns, rows, row, bar });
    keyed(this.labels, this.known, rows.map(({ key }) => key), (key) => {
      const { label, kind } = rows.find((row) => row.key === key);
      return element("span", { class: `label ${kind}`, title: label }, label);
    });
    this.easel.tall(row * rows.length);
    this.easel.draw();
    mark(this.easel.canvas, "aria-label", `${this.name}. ${rows.map(summary).join(". ")}`);
    if (this.at) this.stand(this.at);
  }

  paint(pen, width, ink) {
    const drawn = this.easel.canvas.drawn = {};
    if (this.newest === undefined) return;
    const step = width / this.columns;
    const gap = step > 8 ? 2 : 1;
    this.rows.forEach(({ key, cells }, row) => {
      const shown = drawn[key] = {};
      for (let place = 0; place < this.columns; place += 1) {
        const index = this.newest - this.columns + 1 + place;
        const outcome = cells[index];
        if (!outcome) continue;
        const x = Math.round(place * step);
        const box = { x, y: row * this.row + 2, width: Math.round((place + 1) * step) - x - gap, height: this.bar };
        paint(pen, outcome, box, ink);
        shown[index] = outcome;
      }
    });
    if (this.at) {
      pen.strokeStyle = ink.ink;
      pen.lineWidth = 2;
      pen.setLineDash([]);
      pen.strokeRect(this.at.place * step + 1, this.at.row * this.row + 1, step - 2, this.row - 2);
    }
  }

  point({ offsetX, offsetY }) {
    const place = Math.floor((offsetX / this.easel.width) * this.columns);
    this.stand({ row: Math.floor(offsetY / this.row), place });
  }

  press(event) {
    const step = KEYS[event.key];
    if (!step) return;
    event.preventDefault();
    const { row, place } = this.at ?? { row: 0, place: this.columns };
    this.stand({ row: row + step[0], place: place + step[1] });
  }

  stand(at) {
    this.at = at && {
      row: Math.min(Math.max(at.row, 0), this.rows.length - 1),
      place: Math.min(Math.max(at.place, 0), this.columns - 1),
    };
    this.easel.draw();
    if (!this.at) {
      this.read(null);
      return;
    }
    const { label, cells } = this.rows[this.at.row];
    const index = this.newest - this.columns + 1 + this.at.place;
    this.read({ track: this.name, label, index, outcome: cells[index] });
  }
}

/** The board is never edited in place, so what is the same object has not changed. */
function same(rows, before) {
  return rows.length === before.length
    && rows.every(({ key, cells }, at) => before[at].key === key && before[at].cells === cells);
}

function summary({ label, cells }) {
  const counted = {};
  for (const outcome of Object.values(cells)) counted[outcome] = (counted[outcome] ?? 0) + 1;
  const said = Object.entries(counted).map(([outcome, count]) => `${count} ${named(outcome)}`);
  return `${label}: ${said.join(", ")}`;
}
