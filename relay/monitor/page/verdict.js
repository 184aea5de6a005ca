// A channel in words: is it on air, would it survive, why, and how late it is. Each word has a shape
// beside it, so that nobody depends on its colour.

export const PROTECTIONS = { PROTECTED: "●●", EXPOSED: "●○", DOWN: "○○" };
export const STATES = { "ON AIR": "▶", STARTING: "◔", STOPPED: "■" };

const EXACT = 10_000;
const AHEAD = -3000; // ms beyond which the media is of the future: pushed without a pace, or a clock

/** The class of a word: "ON AIR" is "on-air". */
export const classOf = (word) => word.toLowerCase().replace(" ", "-");

/** A lag in words, to the millisecond while that says something. */
export function late(ms) {
  if (ms < AHEAD) return `${(-ms / 1000).toFixed(0)} s ahead`;
  return ms < EXACT ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** How long ago, in one unit. */
export function age(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** A time that runs, as on a clock: 0:07, 18:02:09. */
export function lasting(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** bit/s with the unit that fits. */
export function rate(bits) {
  return bits >= 10_000_000 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`;
}

/** bit/s as Mbit/s, without the unit. */
export const megabits = (bits) => (bits === undefined ? "–" : (bits / 1e6).toFixed(2));

/** How old the newest media is, ms; null before there is any. Between two fragments it is what it
 * was at the last one; when none comes, it grows. */
export function lag(facts, now) {
  return "edge" in facts ? Math.max(facts.lag, now - facts.edge - facts.duration) : null;
}

/** The sentence beside the protection. */
export function why({ protection, copies, tracks, sources }) {
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
