// Who was turned away at the ingest door in the last minute, and why: a wrong password or name. An
// encoder that is refused before it is known to a channel would leave no trace on this page.
import { element, keyed, say } from "./element.js";
import { age } from "./verdict.js";

const RECENT_MS = 60_000;

export class Doorstep {
  constructor() {
    this.notices = new Map();
    this.node = element("section", { class: "doorstep", "aria-label": "Turned away at the door" });
  }

  /** `visits` of the board's door; `now`: the relay's clock, ms since 1970. */
  update(visits = {}, now = 0) {
    const recent = Object.values(visits).filter(({ at }) => now - at < RECENT_MS);
    const known = new Map(recent.map((visit) => [`${visit.code} ${visit.path} ${visit.peer}`, visit]));
    const keys = [...known.keys()].sort();
    keyed(this.node, this.notices, keys, (key) => notice(known.get(key)));
    for (const key of keys) {
      const { at, count } = known.get(key);
      const times = count > 1 ? `${count} times, the last one ` : "";
      say(this.notices.get(key).when, `${times}${age(now - at)} ago`);
    }
  }
}

function notice({ code, text, path, peer }) {
  const when = element("span", { class: "when" });
  const node = element(
    "p",
    { class: "notice" },
    element("strong", {}, "TURNED AWAY"), " ", element("code", {}, path), ` from ${peer}: ${text} `,
    element("code", {}, code), ", ", when, ".",
  );
  node.when = when;
  return node;
}
