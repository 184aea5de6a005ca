// What has happened, newest first. The code word is that of the log and of the troubleshooting page.
import { element, keyed } from "./element.js";

export class Events {
  constructor() {
    this.items = new Map();
    this.list = element("ol");
    this.none = element("p", { class: "rest" }, "Nothing yet.");
    this.node = element("section", { class: "events" }, element("h2", {}, "Events"), this.list, this.none);
  }

  update(events) {
    // A relay that has started again counts from 1 again: its time makes an event's number its own.
    const newestFirst = Object.entries(events).sort(([a], [b]) => b - a);
    const known = new Map(newestFirst.map(([number, event]) => [`${number} ${event.at}`, event]));
    keyed(this.list, this.items, [...known.keys()], (key) => made(known.get(key)));
    this.none.hidden = known.size > 0;
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
