// What has happened, newest first, and a filter. The code word is that of the log and of the
// troubleshooting page.
import { element, keyed, mark, say } from "./element.js";

export class Events {
  constructor() {
    this.items = new Map();
    this.list = element("ol", { tabindex: "0", "aria-label": "Events, newest first" });
    this.none = element("p", { class: "rest" });
    this.wanted = element("input", {
      type: "search", placeholder: "filter", "aria-label": "Show events that contain", on: { input: () => this.sift() },
    });
    this.grave = element("button", { type: "button", "aria-pressed": "false", on: { click: () => this.weigh() } }, "only grave");
    this.node = element(
      "section",
      { class: "events" },
      element("p", { class: "bar" }, element("h2", {}, "Events"), this.wanted, this.grave),
      this.list,
      this.none,
    );
  }

  update(events) {
    if (events === this.known) return;
    this.known = events;
    // A relay that has started again counts from 1 again: its time makes an event's number its own.
    const newestFirst = Object.entries(events).sort(([a], [b]) => b - a);
    const known = new Map(newestFirst.map(([number, event]) => [`${number} ${event.at}`, event]));
    keyed(this.list, this.items, [...known.keys()], (key) => made(known.get(key)));
    this.sift();
  }

  weigh() {
    mark(this.grave, "aria-pressed", String(this.grave.getAttribute("aria-pressed") !== "true"));
    this.sift();
  }

  /** Hide what is not asked for. */
  sift() {
    const words = this.wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    const grave = this.grave.getAttribute("aria-pressed") === "true";
    let shown = 0;
    for (const item of this.items.values()) {
      const text = item.textContent.toLowerCase();
      item.hidden = (grave && item.className !== "grave") || !words.every((word) => text.includes(word));
      shown += item.hidden ? 0 : 1;
    }
    say(this.none, shown ? "" : this.items.size ? `None of ${this.items.size} is like that.` : "Nothing yet.");
  }
}

function made({ at, code, text, grave, count }) {
  const moment = new Date(at).toISOString();
  const item = element(
    "li",
    { class: grave ? "grave" : "" },
    element("time", { datetime: moment, title: moment }, moment.slice(11, 19)),
    element("code", {}, code),
    element("span", {}, text),
  );
  if (count > 1) item.append(element("small", { title: "so many times" }, `×${count}`));
  return item;
}
