// The page: the channels as a list, worst first, and one of them open. Which one is in the URL's
// hash, so that a reload, a bookmark or a second screen shows the same.
import { Channel } from "./channel.js";
import { Doorstep } from "./doorstep.js";
import { mark, say } from "./element.js";
import { Feed } from "./feed.js";
import { Overview, worstFirst } from "./overview.js";
import { Strip } from "./strip.js";

const TICK_MS = 500;

const place = document.getElementById("channel");
const connection = document.getElementById("connection");
const overview = new Overview(document.getElementById("overview"));
const strip = new Strip(document.getElementById("try-it"));
const doorstep = new Doorstep();
place.before(doorstep.node);
let open = null;

function chosen(board) {
  const wanted = decodeURIComponent(location.hash.slice(1));
  return Object.hasOwn(board.channels, wanted) ? wanted : worstFirst(board.channels)[0];
}

function show() {
  const { board } = feed;
  if (!board) return;
  strip.update(board.demo?.acts);
  doorstep.update(board.door.turned_away, feed.now());
  // Without a choice, the one that is open stays: the worst may change at any moment.
  const stays = open && !location.hash && open.name in board.channels;
  const name = stays ? open.name : chosen(board);
  overview.update(board.channels, name);
  if (name === undefined) {
    say(place, "No channel is configured.");
    return;
  }
  if (open?.name !== name) {
    open?.close();
    open = new Channel(name, board);
    place.replaceChildren(open.node);
  }
  open.update(board.channels[name], feed.now());
  document.title = `${name} ${board.channels[name].protection}`;
}

function connected(yes) {
  say(connection, yes ? "connected" : "The relay does not answer. Trying again.");
  mark(connection, "class", yes ? "well" : "broken");
  mark(document.body, "class", yes ? "" : "stale");
}

const feed = new Feed("/api/v1/events", show, connected);
window.addEventListener("hashchange", show);
setInterval(show, TICK_MS);
