// A canvas that is as sharp as the screen and as wide as its place, and the colours of the theme. What
// is drawn is drawn again when the place changes its width, or the viewer between dark and light.
import { element } from "./element.js";

const NAMES = ["panel", "line", "ink", "soft", "good", "follow", "warn", "bad", "whole"];
const light = window.matchMedia("(prefers-color-scheme: light)");
const easels = new Set();
let known = null;

light.addEventListener("change", () => {
  known = null;
  for (const easel of easels) easel.draw();
});

/** The colours of the theme by name. */
export function inks() {
  const style = getComputedStyle(document.documentElement);
  known ??= Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return known;
}

const watcher = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) target.easel?.fit(contentRect.width);
});

export class Easel {
  /** `height` in CSS pixels; `paint(pen, width, ink)` draws on a clean canvas. */
  constructor(height, paint, attributes = {}) {
    this.height = height;
    this.width = 0;
    this.paint = paint;
    this.canvas = element("canvas", attributes);
    this.canvas.easel = this;
    this.pen = this.canvas.getContext("2d");
    easels.add(this);
    watcher.observe(this.canvas);
  }

  close() {
    easels.delete(this);
    watcher.unobserve(this.canvas);
  }

  fit(width) {
    if (width === this.width) return;
    this.width = width;
    this.draw();
  }

  /** Another height; it is drawn anew by whoever asks. */
  tall(height) {
    this.height = height;
    this.canvas.style.height = `${height}px`;
  }

  draw() {
    if (!this.width) return;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.canvas.style.height = `${this.height}px`;
    }
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.pen.clearRect(0, 0, this.width, this.height);
    this.paint(this.pen, this.width, inks());
  }
}
