// What an outcome looks like, and what it means. Each has a shape of its own: colour never says it
// alone. The legend is painted by the same hand as the timeline.

/** By outcome: its name, and a sentence for the readout. */
export const OUTCOMES = {
  won: ["won", "its copy is the published one"],
  duplicate: ["duplicate", "came whole; another source's copy was first"],
  missing: ["missing", "it did not deliver this one"],
  refused: ["refused", "nothing came; its POST was refused then"],
  differs: ["differs", "came, but unlike the published copy: no spare"],
  partial: ["cut short", "broke off in the middle, and was published"],
  late: ["late", "came after its place was past"],
  fill: ["too late to show", "came after its place had been given up: kept, but not shown"],
  held: ["held", "came, and waits for what is before it"],
  waiting: ["on its way", "it is being sent now"],
  silent: ["silent", "the source was away"],
  whole: ["published", "players have it"],
  gap: ["gap", "nobody delivered it in time"],
  break: ["discontinuity", "published, behind a discontinuity"],
  flood: ["too many", "came with too many events at once"],
};

/** Those that the legend shows. */
export const LEGEND = [
  "won", "duplicate", "missing", "refused", "differs", "partial", "late", "held", "silent", "whole", "gap",
  "break",
];

const PAINTS = {
  won: (pen, box, ink) => fill(pen, box, ink.good),
  duplicate: (pen, box, ink) => fill(pen, lower(box, 0.42), ink.follow),
  missing: (pen, box, ink) => outline(pen, box, ink.bad, [3, 2]),
  refused: (pen, box, ink) => { outline(pen, box, ink.bad, []); glyph(pen, box, ink.bad, "✗"); },
  differs: (pen, box, ink) => { fill(pen, box, ink.warn); glyph(pen, box, ink.panel, "≠"); },
  partial: (pen, box, ink) => {
    fill(pen, { ...box, width: box.width / 2 }, ink.good);
    outline(pen, box, ink.good, []);
  },
  late: (pen, box, ink) => { outline(pen, box, ink.warn, []); glyph(pen, box, ink.warn, "‹"); },
  fill: (pen, box, ink) => { outline(pen, box, ink.warn, []); glyph(pen, box, ink.warn, "«"); },
  held: (pen, box, ink) => { outline(pen, box, ink.soft, []); glyph(pen, box, ink.soft, "…"); },
  flood: (pen, box, ink) => { outline(pen, box, ink.warn, []); glyph(pen, box, ink.warn, "!"); },
  waiting: (pen, box, ink) => fill(pen, lower(box, 0.16), ink.soft),
  silent: (pen, box, ink) => fill(pen, { ...box, y: box.y + box.height / 2 - 0.5, height: 1 }, ink.soft),
  whole: (pen, box, ink) => fill(pen, box, ink.whole),
  gap: (pen, box, ink) => { fill(pen, box, ink.bad); glyph(pen, box, ink.panel, "✗"); },
  break: (pen, box, ink) => {
    fill(pen, { ...box, width: 3 }, ink.bad);
    fill(pen, { ...box, x: box.x + 5, width: Math.max(1, box.width - 5) }, ink.whole);
  },
};

/** Paint one cell. `box`: {x, y, width, height} in CSS pixels; `ink`: of `inks`. */
export function paint(pen, outcome, box, ink) {
  PAINTS[outcome]?.(pen, box, ink);
}

/** What an outcome is called. */
export const named = (outcome) => OUTCOMES[outcome]?.[0] ?? outcome;

/** What it means. */
export const meant = (outcome) => OUTCOMES[outcome]?.[1] ?? "";

function fill(pen, { x, y, width, height }, colour) {
  pen.fillStyle = colour;
  pen.fillRect(x, y, width, height);
}

function lower(box, part) {
  const height = Math.round(box.height * part);
  return { ...box, y: box.y + box.height - height, height };
}

function outline(pen, { x, y, width, height }, colour, dash) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash(dash);
  pen.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), height - 1);
}

function glyph(pen, { x, y, width, height }, colour, text) {
  pen.fillStyle = colour;
  pen.font = `700 ${Math.min(13, Math.max(8, width))}px ui-monospace, "DejaVu Sans Mono", monospace`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x + width / 2, y + height / 2 + 0.5, width);
}
