// The channel as viewers get it, by one of several players: where one plays and another does not, that
// is a finding. Muted, so that a browser lets it start by itself. Under it the last pictures.
import { element, mark, say } from "./element.js";
import { Filmstrip } from "./filmstrip.js";
import { PLAYERS } from "./playing.js";
import { loaded } from "./script.js";

const ENOUGH = 3;
const AGAIN_MS = 3000;
const TICK_MS = 500;

export class Player {
  /** `urls` of the documents by kind; `scripts`: URLs of the players' scripts by name. */
  constructor(urls, scripts) {
    this.urls = urls;
    this.scripts = scripts;
    this.kind = "hls";
    this.life = 0;
    this.running = null;
    this.ready = false;
    this.screen = element("div", { class: "screen" });
    this.filmstrip = new Filmstrip();
    this.status = element("output");
    this.buttons = Object.entries(PLAYERS).map(([kind, { label }]) => element(
      "button", { type: "button", on: { click: () => this.choose(kind) } }, label,
    ));
    this.node = element(
      "div",
      { class: "player" },
      this.screen,
      this.filmstrip.node,
      element(
        "p",
        { class: "switch" },
        element("span", { role: "group", "aria-label": "Player" }, ...this.buttons),
        this.status,
      ),
    );
    this.timer = setInterval(() => this.tell(), TICK_MS);
    this.press();
  }

  close() {
    clearInterval(this.timer);
    this.stop();
  }

  /** Begin as soon as there is something to play. */
  update(facts) {
    const ready = Object.values(facts.tracks).some((track) => track.segments >= ENOUGH);
    if (ready && !this.ready) {
      this.ready = true;
      this.start();
    }
  }

  choose(kind) {
    this.kind = kind;
    this.press();
    if (this.ready) this.start();
  }

  press() {
    Object.keys(PLAYERS).forEach((kind, place) => {
      mark(this.buttons[place], "aria-pressed", String(kind === this.kind));
    });
  }

  stop() {
    this.life += 1; // what an older life still has to say is not heard
    this.running?.end();
    this.running = null;
    this.screen.replaceChildren();
  }

  async start() {
    this.stop();
    const { life, kind } = this;
    const player = PLAYERS[kind];
    if (player.scripts.some((name) => !this.scripts[name])) {
      say(this.status, "This player is not installed: the build did not bring it. All else works.");
      return;
    }
    say(this.status, "loading");
    try {
      for (const name of player.scripts) await loaded(this.scripts[name]);
    } catch {
      if (life === this.life) say(this.status, "The player's script does not load.");
      return;
    }
    if (life !== this.life) return;
    const video = element("video", { playsinline: "", controls: "", "aria-label": `${player.label} player` });
    video.muted = true;
    this.screen.replaceChildren(video);
    const failed = (reason) => {
      if (life !== this.life) return;
      say(this.status, `${reason}. Trying again.`);
      this.life += 1;
      const again = this.life;
      setTimeout(() => { if (again === this.life) this.start(); }, AGAIN_MS);
    };
    this.running = player.begin(video, this.urls[kind], failed);
    this.running.life = life;
  }

  /** What it does, in words. */
  tell() {
    if (!this.running || this.running.life !== this.life || document.hidden) return;
    const { video, behind } = this.running;
    if (!video.videoWidth) return;
    const late = behind();
    const moving = video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const parts = [video.paused ? "paused" : moving ? "playing" : "waiting", `${video.videoWidth}×${video.videoHeight}`];
    if (late > 0) parts.push(`${late.toFixed(1)} s behind`);
    say(this.status, parts.join("  "));
    if (moving && !video.paused) this.filmstrip.look(video);
  }
}
