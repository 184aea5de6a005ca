// The numbers of one channel over the last five minutes, as the plots want them: one list of times, and
// one list of values for each thing that is measured. It begins with what the relay remembers.

const EVERY_MS = 2000;
const MOST = 150;

/** What is kept of each source and each upstream. */
const KEPT = { sources: ["lateness", "drift", "bitrate"], upstreams: ["seconds", "bitrate"] };

export class Series {
  constructor(channel) {
    this.forget();
    this.ready = this.remember(`/ui/history/${encodeURIComponent(channel)}`);
  }

  async remember(path) {
    const answer = await fetch(path).catch(() => null);
    const past = answer?.ok ? await answer.json() : null;
    if (!past || this.at.length) return;
    this.at = past.at;
    this.lines = { sources: past.sources, upstreams: past.upstreams };
  }

  /** What the board says now, if it is time for it. True when there is something new. */
  took(facts, now) {
    const last = this.at.at(-1) ?? 0;
    if (now < last) this.forget(); // the relay's clock was set back
    else if (now - last < EVERY_MS) return false;
    const before = this.at.length;
    this.at.push(now);
    for (const [kind, whats] of Object.entries(KEPT)) {
      for (const [name, said] of Object.entries(facts[kind])) {
        const lines = (Object.hasOwn(this.lines[kind], name) ? this.lines[kind] : put(this.lines[kind], name, {}))[name];
        for (const what of whats) lines[what] ??= Array(before).fill(null);
        for (const what of whats) lines[what].push(said[what] ?? null);
      }
    }
    this.trim();
    return true;
  }

  forget() {
    this.at = [];
    this.lines = { sources: {}, upstreams: {} };
  }

  /** Every list as long as the times; what has nothing left is forgotten. */
  trim() {
    const over = Math.max(0, this.at.length - MOST);
    this.at.splice(0, over);
    for (const kind of Object.values(this.lines)) {
      for (const [name, whats] of Object.entries(kind)) {
        for (const values of Object.values(whats)) {
          while (values.length < this.at.length + over) values.push(null);
          values.splice(0, over);
        }
        if (Object.values(whats).every((values) => values.every((value) => value === null))) delete kind[name];
      }
    }
  }

  /** [[label, values], ...] of what is asked for, by name. */
  of(kind, what) {
    const lines = this.lines[kind];
    return Object.keys(lines).sort().filter((name) => lines[name][what]).map((name) => [name, lines[name][what]]);
  }
}

/** Set a member even where a stranger has called it `__proto__`. */
function put(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  return object;
}
