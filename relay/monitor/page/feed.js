// The board as the relay sends it: a snapshot, then JSON merge patches (RFC 7396). When the stream
// breaks it is opened again, for ever: a page in a control room has nobody who reloads it.

const RETRY_MS = 1500;

/** `before` as the patch changes it; null takes a member away. Never edits `before`. */
export function patched(before, patch) {
  const after = Object.assign(Object.create(null), before);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete after[name];
    else if (typeof value === "object") after[name] = patched(after[name] ?? {}, value);
    else after[name] = value;
  }
  return after;
}

export class Feed {
  /** `told(board)` on every change, `connected(yes)` when the stream opens or breaks. */
  constructor(url, told, connected) {
    this.url = url;
    this.told = told;
    this.connected = connected;
    this.board = null;
    this.ahead = 0;
    this.open();
  }

  /** The relay's clock, in ms since 1970. */
  now() {
    return Date.now() + this.ahead;
  }

  open() {
    const source = new EventSource(this.url);
    source.addEventListener("snapshot", (event) => this.take(event, () => ({})));
    source.addEventListener("patch", (event) => this.take(event, () => this.board));
    source.addEventListener("open", () => this.connected(true));
    source.addEventListener("error", () => {
      source.close();
      this.connected(false);
      setTimeout(() => this.open(), RETRY_MS);
    });
  }

  take(event, before) {
    const { utc, board } = JSON.parse(event.data);
    this.ahead = utc - Date.now();
    this.board = patched(before(), board);
    this.told(this.board);
  }
}
