// One channel: would it survive, how late is it, what came from whom, where it goes, and what has
// happened. Each part is a noun of its own; here they only stand together.
import { addresses, addressesOf } from "./addresses.js";
import { Alarms } from "./alarms.js";
import { element } from "./element.js";
import { Events } from "./events.js";
import { Head } from "./head.js";
import { Notices, welcome } from "./notices.js";
import { Player } from "./player.js";
import { Plots } from "./plots.js";
import { Sources } from "./sources.js";
import { Timeline } from "./timeline.js";
import { Upstreams } from "./upstreams.js";

export class Channel {
  constructor(name, board) {
    const offers = board.offers ?? {};
    const urls = addressesOf(name, board);
    this.head = new Head(name);
    this.notices = new Notices();
    this.welcome = welcome(urls.push);
    this.player = new Player(urls, board.players);
    this.timeline = new Timeline();
    this.plots = new Plots(name, board.plots);
    this.sources = new Sources(name, offers);
    this.upstreams = new Upstreams(name, offers);
    this.alarms = new Alarms(name, offers);
    this.events = new Events();
    const watch = element("section", { class: "watch" }, this.player.node, addresses(urls));
    this.node = element(
      "article",
      {},
      this.head.node,
      this.notices.node,
      this.welcome,
      element("div", { class: "pair" }, watch, this.timeline.node),
      this.plots.node,
      element("div", { class: "ways" }, this.sources.node, this.upstreams.node),
      this.alarms.node,
      this.events.node,
    );
  }

  close() {
    for (const part of [this.player, this.timeline, this.plots, this.alarms]) part.close();
  }

  /** `facts` of the board; `now`: the relay's clock, ms since 1970. */
  update(facts, now) {
    this.head.update(facts, now);
    this.notices.update(facts.flags);
    this.welcome.hidden = Object.keys(facts.tracks).length > 0;
    this.player.update(facts);
    this.timeline.update(facts);
    this.plots.update(facts, now);
    this.sources.update(facts, now);
    this.upstreams.update(facts, now);
    this.alarms.update(facts.events, now);
    this.events.update(facts.events);
  }
}
