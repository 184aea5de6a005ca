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
    const newestFirst = Object.keys(events).sort((a, b) => b - a);
    keyed(this.list, this.items, newestFirst, (number) => made(events[number]));
    this.none.hidden = newestFirst.length > 0;
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
