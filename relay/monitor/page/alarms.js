// What is amiss and what has been, with what was measured and what was wanted, until somebody has
// acknowledged it. Asked for when the page opens and whenever something has happened; there is no clock
// that asks.
import { deed } from "./deed.js";
import { element, keyed, mark, say } from "./element.js";
import { age } from "./verdict.js";

const PATH = "/api/v1/alarms";
const SETTLE_MS = 700;

export class Alarms {
  constructor(channel, offers) {
    this.channel = channel;
    this.offered = Boolean(offers.alarms);
    this.cards = new Map();
    this.known = new Map();
    this.waiting = 0;
    this.list = element("ul");
    this.node = element("section", { class: "alarms", hidden: "" }, element("h2", {}, "Alarms"), this.list);
  }

  close() {
    clearTimeout(this.waiting);
    this.offered = false;
  }

  /** `events` of the board: a new one means that something may have begun or ended. */
  update(events, now) {
    if (events !== this.seen) {
      this.seen = events;
      this.soon();
    }
    this.now = now;
    this.tell();
  }

  tell() {
    for (const [id, { row }] of this.cards) row.update(this.known.get(id), this.now);
  }

  soon() {
    if (!this.offered || this.waiting) return;
    this.waiting = setTimeout(async () => {
      this.waiting = 0;
      const answer = await fetch(PATH).catch(() => null);
      if (answer?.ok && this.offered) this.show(await answer.json());
    }, SETTLE_MS);
  }

  show(alarms) {
    const ours = alarms.filter(({ channel }) => !channel || channel === this.channel);
    const open = ours.filter(({ acknowledged, until }) => !(acknowledged && until));
    open.sort((a, b) => Boolean(a.until) - Boolean(b.until) || b.since - a.since);
    this.known = new Map(open.map((alarm) => [String(alarm.id), alarm]));
    this.node.hidden = open.length === 0;
    keyed(this.list, this.cards, [...this.known.keys()], (id) => new Row(id, () => this.soon()).node);
    this.tell();
  }
}

class Row {
  constructor(id, acknowledged) {
    const part = (tag) => element(tag);
    Object.assign(this, { code: part("code"), text: part("span"), figures: part("small"), times: part("time") });
    const ask = () => ({ path: `${PATH}/${encodeURIComponent(id)}/acknowledge` });
    this.deed = deed("acknowledge", "Somebody has seen this alarm", ask);
    this.deed.firstChild.addEventListener("click", () => setTimeout(acknowledged, SETTLE_MS));
    this.node = element("li", {}, this.times, this.code, this.text, this.figures, this.deed);
    this.node.row = this;
  }

  update(alarm, now) {
    if (!alarm) return;
    const over = Boolean(alarm.until);
    mark(this.node, "class", over ? "over" : "standing");
    const lasted = age((over ? alarm.until : now) - alarm.since);
    say(this.times, `${new Date(alarm.since).toISOString().slice(11, 19)} ${over ? `over after ${lasted}` : `for ${lasted}`}`);
    say(this.code, alarm.code);
    say(this.text, alarm.sentence ?? "");
    const figures = [alarm.measured && `measured ${alarm.measured}`, alarm.configured && `wanted ${alarm.configured}`];
    say(this.figures, figures.filter(Boolean).join(", "));
    this.deed.hidden = Boolean(alarm.acknowledged);
  }
}
