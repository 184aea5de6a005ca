// Four plots of five minutes under one cursor: how late each source is, how far its media lies from what
// is published, bitrates in and out, and what waits for each upstream. Each line has a colour and a dash.
import { inks } from "./easel.js";
import { element, say } from "./element.js";
import { loaded, styled } from "./script.js";
import { Series } from "./series.js";

const MINUTES = 5;
const HIGH = 132;
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
const BORDERS = ["solid", "dashed", "dotted", "double"];
const COLOURS = ["good", "follow", "warn", "bad", "whole"];

const PLOTS = [
  { title: "Delay of sources", unit: "ms", lines: (series) => series.of("sources", "lateness") },
  { title: "Drift between encoders", unit: "ms", lines: (series) => series.of("sources", "drift") },
  { title: "Bitrate in and out", unit: "Mbit/s", scale: 1e-6, lines: (series) => [
    ...series.of("sources", "bitrate").map(([name, values]) => [`${name} in`, values]),
    ...series.of("upstreams", "bitrate").map(([name, values]) => [`${name} out`, values]),
  ] },
  { title: "Backlog of upstreams", unit: "s", lines: (series) => series.of("upstreams", "seconds") },
];

export class Plots {
  /** `channel`: its name; `plots`: URLs {script, style} of uPlot, or nothing. */
  constructor(channel, plots) {
    this.series = new Series(channel);
    this.sync = null;
    this.open = true;
    this.frames = PLOTS.map((plot) => ({ plot, key: "", chart: null, node: figure(plot) }));
    this.missing = element("p", { class: "rest" });
    this.node = element("section", { class: "plots", "aria-label": "The last five minutes" }, ...this.frames.map(({ node }) => node), this.missing);
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(this.node);
    this.scheme = window.matchMedia("(prefers-color-scheme: light)");
    this.recolour = () => { for (const frame of this.frames) frame.key = ""; this.draw(); };
    this.scheme.addEventListener("change", this.recolour);
    this.begin(plots);
  }

  async begin(plots) {
    if (!plots?.script) {
      say(this.missing, "The plots are not installed: the build did not bring them. All else works.");
      return;
    }
    styled(plots.style);
    await Promise.all([loaded(plots.script).catch(() => say(this.missing, "The plots' script does not load.")), this.series.ready]);
    if (!this.open || !window.uPlot) return;
    this.sync = window.uPlot.sync("plots");
    this.draw();
  }

  close() {
    this.open = false;
    this.watcher.disconnect();
    this.scheme.removeEventListener("change", this.recolour);
    for (const { chart } of this.frames) chart?.destroy();
  }

  /** `now`: the relay's clock, ms since 1970. */
  update(facts, now) {
    if (this.sync && this.series.took(facts, now)) this.draw();
  }

  draw() {
    if (!this.sync || !this.open) return;
    for (const frame of this.frames) {
      const { plot, node } = frame;
      const lines = plot.lines(this.series);
      const data = [this.series.at.map((at) => at / 1000), ...lines.map(([, values]) => scaled(values, plot.scale))];
      const key = lines.map(([label]) => label).join("\n");
      node.hidden = lines.length === 0;
      if (frame.chart && frame.key === key) {
        frame.chart.setData(data);
        latest(frame.chart);
        continue;
      }
      frame.chart?.destroy();
      frame.key = key;
      frame.chart = lines.length ? this.chart(plot, lines, data, node.lastChild) : null;
      if (frame.chart) latest(frame.chart);
    }
  }

  chart({ unit }, lines, data, place) {
    const ink = inks();
    const axis = { stroke: ink.soft, grid: { stroke: ink.line, width: 1 }, ticks: { show: false }, font: "11px ui-monospace, monospace" };
    const series = lines.map(([label], at) => ({
      label,
      stroke: ink[COLOURS[at % COLOURS.length]],
      width: 1.5,
      dash: DASHES[at % DASHES.length],
      points: { show: false },
      value: (_, value) => (value === null || value === undefined ? "–" : `${round(value)} ${unit}`),
    }));
    const options = {
      width: Math.max(120, place.clientWidth),
      height: HIGH,
      cursor: { sync: { key: this.sync.key }, drag: { x: false, y: false }, y: false },
      legend: { markers: { width: 2, dash: (_, at) => BORDERS[(at - 1) % BORDERS.length] } },
      scales: { x: { range: (_, __, last) => [last - 60 * MINUTES, last] }, y: { range: around } },
      axes: [{ ...axis, space: 60, incrs: [60, 120, 300], size: 24, values: times }, { ...axis, size: 46, space: 28 }],
      series: [{ label: "UTC", value: (_, at) => (at ? clock(at) : "–") }, ...series],
    };
    return new window.uPlot(options, data, place);
  }

  fit() {
    for (const { chart, node } of this.frames) {
      const width = node.lastChild.clientWidth;
      if (chart && width && width !== chart.width) chart.setSize({ width, height: HIGH });
    }
  }
}

function figure({ title, unit }) {
  return element("figure", {}, element("figcaption", {}, `${title}, ${unit}`), element("div"));
}

/** While nobody points at a moment, the legend says how it is now. */
function latest(chart) {
  if (typeof chart.cursor.idx !== "number") chart.setLegend({ idx: chart.data[0].length - 1 });
}

const clock = (at) => new Date(at * 1000).toISOString().slice(11, 19);
const times = (_, ticks) => ticks.map((at) => clock(at).slice(0, 5));
const round = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toFixed(2))));
const scaled = (values, scale) => (scale ? values.map((value) => (value === null ? null : value * scale)) : values);

/** From zero to a little above the highest; below zero only where there is something. */
function around(_, least, most) {
  if (least === null || most === null) return [0, 1];
  const low = Math.min(0, least);
  const high = Math.max(0, most);
  const room = 0.1 * (high - low);
  return [low < 0 ? low - room : 0, high > 0 || low < 0 ? high + room : 1];
}
