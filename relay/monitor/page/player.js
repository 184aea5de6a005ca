// The channel as viewers get it, by one of two independent players: where one plays and the other
// does not, that is a finding. Muted, so that a browser lets it start by itself.
import { element, mark, say } from "./element.js";

const KINDS = { hls: "HLS", dash: "DASH" };
const ENOUGH = 3;
const AGAIN_MS = 3000;
const TICK_MS = 500;
// A relay that restarts is away for some seconds: the picture plays on from the buffer meanwhile,
// unless the player gives up, as hls.js does by default after two tries and dash.js after three.
const TRIES = 20;
const patience = (policy) => ({
  default: {
    ...policy.default, errorRetry: { maxNumRetry: TRIES, retryDelayMs: 500, maxRetryDelayMs: 2000 },
  },
});

const scripts = new Map();

function loaded(url) {
  if (!scripts.has(url)) {
    scripts.set(url, new Promise((resolve, reject) => {
      const script = element("script", { src: url, on: { load: resolve, error: reject } });
      document.head.append(script);
    }));
  }
  return scripts.get(url);
}

export class Player {
  /** `urls` of the documents and `players`, URLs of the scripts, by kind. */
  constructor(urls, players) {
    this.urls = urls;
    this.players = players;
    this.kind = "hls";
    this.life = 0;
    this.running = null;
    this.ready = false;
    this.screen = element("div", { class: "screen" });
    this.status = element("output");
    this.buttons = Object.entries(KINDS).map(([kind, label]) => element(
      "button", { type: "button", on: { click: () => this.choose(kind) } }, label,
    ));
    this.node = element(
      "div",
      { class: "player" },
      this.screen,
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
    Object.keys(KINDS).forEach((kind, place) => {
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
    if (!this.players[kind]) {
      say(this.status, "This player is not installed: the build did not bring it. All else works.");
      return;
    }
    say(this.status, "loading");
    try {
      await loaded(this.players[kind]);
    } catch {
      say(this.status, "The player's script does not load.");
      scripts.delete(this.players[kind]);
      return;
    }
    if (life !== this.life) return;
    const video = element("video", { playsinline: "", controls: "", "aria-label": `${KINDS[kind]} player` });
    video.muted = true;
    this.screen.replaceChildren(video);
    const failed = (reason) => {
      if (life !== this.life) return;
      say(this.status, `${reason}. Trying again.`);
      this.life += 1;
      const again = this.life;
      setTimeout(() => { if (again === this.life) this.start(); }, AGAIN_MS);
    };
    this.running = (kind === "hls" ? playHls : playDash)(video, this.urls[kind], failed);
    this.running.life = life;
  }

  /** What it does, in words. */
  tell() {
    if (!this.running || this.running.life !== this.life) return;
    const { video, behind } = this.running;
    if (!video.videoWidth) return;
    const late = behind();
    const moving = video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const parts = [video.paused ? "paused" : moving ? "playing" : "waiting", `${video.videoWidth}×${video.videoHeight}`];
    if (late > 0) parts.push(`${late.toFixed(1)} s behind`);
    say(this.status, parts.join("  "));
  }
}

function playHls(video, url, failed) {
  const { Hls } = window;
  const { manifestLoadPolicy, playlistLoadPolicy, fragLoadPolicy } = Hls.DefaultConfig;
  const hls = new Hls({
    manifestLoadPolicy: patience(manifestLoadPolicy),
    playlistLoadPolicy: patience(playlistLoadPolicy),
    fragLoadPolicy: patience(fragLoadPolicy),
  });
  hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) failed(`hls.js: ${data.details}`); });
  hls.loadSource(url);
  hls.attachMedia(video);
  video.play().catch(() => {}); // the viewer may have to press the button
  return { video, behind: () => hls.latency, end: () => hls.destroy() };
}

function playDash(video, url, failed) {
  const { dashjs } = window;
  const player = dashjs.MediaPlayer().create();
  player.updateSettings({
    debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
    streaming: { retryAttempts: { MPD: TRIES, MediaSegment: TRIES, InitializationSegment: TRIES } },
  });
  player.on(dashjs.MediaPlayer.events.ERROR, (event) => failed(`dash.js: ${event.error?.message ?? "error"}`));
  // An absolute URL: with a relative one dash.js complains at every answer.
  player.initialize(video, url, true);
  return { video, behind: () => player.getCurrentLiveLatency(), end: () => player.destroy() };
}
