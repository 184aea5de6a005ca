// What stands in the way of a channel's promises, a sentence each, and how to mend it.
import { copier, element, keyed } from "./element.js";

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

/** What a newer relay than this page may tell. */
const unknown = (flag) => (said) => [flag.replaceAll("_", " "), `${said}.`];

export class Notices {
  constructor() {
    this.shown = new Map();
    this.node = element("div", { class: "notices" });
  }

  update(flags) {
    keyed(this.node, this.shown, Object.keys(flags).sort(), (flag) => {
      const tell = Object.hasOwn(NOTICES, flag) ? NOTICES[flag] : unknown(flag);
      const [word, text, command] = tell(flags[flag]);
      const parts = [element("strong", {}, word), " ", text];
      if (command) parts.push(" ", element("code", {}, command), " ", copier(() => command, word));
      return element("p", { class: "notice" }, ...parts);
    });
  }
}

/** For a channel that has never had an encoder: how to push to `url`. */
export function welcome(url) {
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
