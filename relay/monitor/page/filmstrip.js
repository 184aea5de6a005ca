// The last pictures of the player, one every few seconds: what was on air while nobody looked. Drawn by
// the browser; the relay decodes nothing.
import { element } from "./element.js";

const PICTURES = 8;
const EVERY_MS = 5000;
const WIDE = 96;
const HIGH = 54;

export class Filmstrip {
  constructor() {
    this.last = -EVERY_MS;
    this.node = element("div", { class: "filmstrip", role: "img", "aria-label": "The last pictures", hidden: "" });
  }

  /** It plays; take a picture if one is due. */
  look(video) {
    if (performance.now() - this.last < EVERY_MS) return;
    this.last = performance.now();
    const full = this.node.children.length >= PICTURES;
    const canvas = full ? this.node.firstChild : element("canvas", { width: WIDE, height: HIGH });
    canvas.getContext("2d").drawImage(video, 0, 0, WIDE, HIGH);
    canvas.title = `${new Date().toISOString().slice(11, 19)} UTC`;
    this.node.append(canvas);
    this.node.hidden = false;
  }
}
