// One channel: would it survive, how late is it, what came from whom, where it goes, and what has
// happened.
import { copier, element, keyed, mark, say } from "./element.js";
import { Events } from "./events.js";
import { SHAPES } from "./overview.js";
import { Player } from "./player.js";
import { Sources } from "./sources.js";
import { Timeline } from "./timeline.js";
import { Upstreams } from "./upstreams.js";

const NOTICES = {
  STORE_DEGRADED: (why) => ["STORE DEGRADED", `${why[0].toUpperCase()}${why.slice(1)}.`],
  LOCAL_TIMELINE: (option) => [
    "LOCAL TIMELINE",
    "The encoders count from 0, so the times here count from the first fragment's arrival. A second"
      + " relay would number differently. To mend it: empty this channel's store, and start every"
      + " encoder with",
    option,
  ],
  NEW_RUN: (option) => [
    "CLOCK RESTARTED",
    "An encoder began again at an earlier time, so the numbers go on from a start of their own. A"
      + " second relay may number differently. To mend it: start every encoder with",
    option,
  ],
  NOT_EPOCH_LOCKED: (phase) => [
    "NOT EPOCH LOCKED",
    `Fragments begin ${phase} s beside the multiples of their duration since 1970, so a second relay`
      + " may number differently. To mend it: start the encoders at such a multiple.",
  ],
  PEER_DIFFERS: (what) => [
    "PEER DIFFERS",
    `Another relay of this channel numbers otherwise: ${what}. A player that changes from one to the`
      + " other sees other media under the same name. To mend it, reset the one that is wrong, with --join.",
  ],
  WITHOUT_PEER: (command) => [
    "WITHOUT PEER",
    "It began without the relay that it is to agree with, so its numbers may be others. If they are,"
      + " and that relay is up, take over its timeline:",
    command,
  ],
};

const AHEAD = -3000; // ms beyond which the media is of the future: pushed without a pace, or a clock
const seconds = (ms) => (ms < AHEAD
  ? `${(-ms / 1000).toFixed(0)} s ahead`
  : `${(Math.max(0, ms) / 1000).toFixed(1)} s`);

export class Channel {
  constructor(name, board) {
    this.name = name;
    const door = `${board.secure ? "https" : "http"}://${location.hostname}:${board.playback}`;
    const base = `${door}/${encodeURIComponent(name)}.isml`;
    const played = base.replace(door, board.folder ? `${door}/${board.folder}` : door);
    this.urls = { hls: `${played}/master.m3u8`, dash: `${played}/manifest.mpd` };
    this.notices = new Map();
    this.player = new Player(this.urls, board.players);
    this.timeline = new Timeline();
    this.upstreams = new Upstreams();
    this.sources = new Sources();
    this.events = new Events();
    this.shape = element("span", { class: "shape", "aria-hidden": "true" });
    this.word = element("strong", { class: "word" });
    this.why = element("span", { class: "why" });
    this.lag = element("dd");
    this.length = element("dd");
    this.gaps = element("dd");
    this.warnings = element("div", { class: "notices" });
    this.welcome = welcome(`${base}/Streams(main)?source=enc_a`);
    this.head = element(
      "section",
      { class: "head", "aria-live": "polite" },
      element("h1", {}, name),
      element("p", { class: "protection" }, this.shape, this.word, this.why),
      element(
        "dl",
        {},
        element("div", {}, element("dt", {}, "live-edge lag"), this.lag),
        element("div", {}, element("dt", {}, "fragment"), this.length),
        element("div", {}, element("dt", {}, "gaps"), this.gaps),
      ),
    );
    const watch = element("section", { class: "watch" }, this.player.node, urls(this.urls));
    this.node = element(
      "article",
      {},
      this.head,
      this.warnings,
      this.welcome,
      element("div", { class: "pair" }, watch, this.timeline.node),
      this.upstreams.node,
      element("div", { class: "pair" }, this.sources.node, this.events.node),
    );
  }

  close() {
    this.player.close();
  }

  /** `facts` of the board; `now`: the relay's clock, ms since 1970. */
  update(facts, now) {
    mark(this.head, "class", `head ${facts.protection.toLowerCase()}`);
    say(this.shape, SHAPES[facts.protection]);
    say(this.word, facts.protection);
    say(this.why, why(facts));
    // Between two fragments the lag is what it was at the last one; when none comes, it grows.
    const lag = "edge" in facts ? Math.max(facts.lag, now - facts.edge - facts.duration) : null;
    say(this.lag, lag === null ? "–" : seconds(lag));
    say(this.length, facts.fragment_duration ? `${facts.fragment_duration} s` : "learning");
    const gaps = Object.values(facts.tracks).reduce((sum, track) => sum + track.gaps, 0);
    say(this.gaps, String(gaps));
    mark(this.gaps, "class", gaps ? "bad" : "");
    this.warn(facts);
    this.welcome.hidden = Object.keys(facts.tracks).length > 0;
    this.player.update(facts);
    this.timeline.update(facts);
    this.upstreams.update(facts, now);
    this.sources.update(facts, now);
    this.events.update(facts.events);
  }

  warn(facts) {
    keyed(this.warnings, this.notices, Object.keys(facts.flags).sort(), (flag) => {
      const [word, text, command] = NOTICES[flag](facts.flags[flag]);
      const parts = [element("strong", {}, word), " ", text];
      if (command) parts.push(" ", element("code", {}, command), " ", copier(() => command, word));
      return element("p", { class: "notice" }, ...parts);
    });
  }
}

/** The sentence beside the word. */
function why({ protection, copies, tracks, sources }) {
  if (protection === "PROTECTED") return `${copies} copies of every track`;
  const alive = Object.keys(sources).filter((name) => sources[name].alive);
  if (protection === "DOWN") {
    return alive.length ? `nothing that ${alive.join(", ")} sends can be published` : "nobody delivers";
  }
  if (alive.length === 1) return `only ${alive[0]} delivers: losing it interrupts the channel`;
  const unlike = alive.filter((name) => sources[name].state === "differs");
  if (unlike.length) return `what ${unlike.join(", ")} sends is unlike what is published`;
  const single = Object.keys(tracks).filter((name) => tracks[name].copies === 1);
  const which = single.length === 1 ? `${single[0]} comes` : `${single.length} tracks come`;
  return `${which} from one source only`;
}

function urls(known) {
  const row = (label, url) => element(
    "div",
    {},
    element("dt", {}, label),
    element("dd", {}, element("code", { title: url }, url), copier(() => url, `the ${label} URL`)),
  );
  return element("dl", { class: "urls" }, row("HLS", known.hls), row("DASH", known.dash));
}

function welcome(url) {
  const command = "ffmpeg -re -i in.mp4 -c copy -f ismv -movflags isml+frag_keyframe"
    + ` -output_ts_offset $(date +%s) "${url}"`;
  return element(
    "p",
    { class: "notice" },
    element("strong", {}, "Waiting for an encoder."),
    " For example: ",
    element("code", {}, command),
    " ",
    copier(() => command, "the command"),
  );
}
