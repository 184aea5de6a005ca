// The page: all channels in an overview, or one of them open. Which one is in the URL's hash, so that
// a reload, a bookmark or a second screen shows the same. A relay with one channel opens on it.
//
// Keys: Escape leads to the overview, [ and ] (or k and j) to the channel before and after.
import { Channel } from "./channel.js";
import { tellClock } from "./clockface.js";
import { Doorstep } from "./doorstep.js";
import { mark, say } from "./element.js";
import { Feed } from "./feed.js";
import { Overview, worstFirst } from "./overview.js";
import { Strip } from "./strip.js";
import { Tabs } from "./tabs.js";

const TICK_MS = 500;
const STEPS = { "[": -1, k: -1, "]": 1, j: 1 };
const OVERVIEW = null;

const place = document.getElementById("channel");
const connection = document.getElementById("connection");
const clock = document.getElementById("clock");
const keys = document.querySelector(".keys");
const tabs = new Tabs(document.getElementById("overview"));
const strip = new Strip(document.getElementById("try-it"));
const doorstep = new Doorstep();
place.before(doorstep.node);
let open = { name: undefined, view: null };

/** The channel to show, or OVERVIEW; undefined without any. */
function chosen({ channels, stopped = {} }) {
  const names = Object.keys(channels);
  if (names.length < 2 && !Object.keys(stopped).length) return names[0];
  return names.find((name) => location.hash.slice(1) === encodeURIComponent(name)) ?? OVERVIEW;
}

function show() {
  const { board } = feed;
  if (!board || document.hidden) return;
  strip.update(board.demo?.acts);
  doorstep.update(board.door?.turned_away, feed.now());
  const name = chosen(board);
  if (name === undefined) {
    open.view?.close();
    open = { name, view: null };
    say(place, "No channel is configured.");
    return;
  }
  tellClock(clock, board.clock);
  tabs.update(board.channels, name);
  keys.hidden = Object.keys(board.channels).length < 2;
  if (open.name !== name) {
    open.view?.close();
    open = { name, view: name === OVERVIEW ? new Overview(board) : new Channel(name, board) };
    place.replaceChildren(open.view.node);
  }
  if (name === OVERVIEW) {
    open.view.update(board.channels, Object.keys(board.stopped ?? {}).sort(), feed.now());
    const [worst] = worstFirst(board.channels);
    document.title = `relay ${board.channels[worst]?.protection ?? ""}`;
  } else {
    open.view.update(board.channels[name], feed.now());
    document.title = `${name} ${board.channels[name].protection}`;
  }
}

function connected(yes) {
  say(connection, yes ? "connected" : "The relay does not answer. Trying again.");
  mark(connection, "class", yes ? "well" : "broken");
  mark(document.body, "class", yes ? "" : "stale");
}

function press(event) {
  const typing = event.target.closest?.("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !feed.board) return;
  const step = STEPS[event.key];
  if (event.key === "Escape") location.hash = "";
  if (!step) return;
  const names = Object.keys(feed.board.channels).sort();
  const at = names.indexOf(open.name);
  const next = at < 0 ? (step > 0 ? 0 : -1) : (at + step) % names.length;
  location.hash = encodeURIComponent(names.at(next));
}

const feed = new Feed("/api/v1/events", show, connected);
window.addEventListener("hashchange", show);
window.addEventListener("keydown", press);
document.addEventListener("visibilitychange", show);
setInterval(show, TICK_MS);
