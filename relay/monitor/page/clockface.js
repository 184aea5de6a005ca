// How far the clock of the relay's machine is off, as far as anybody there knows: every delay on this
// page is measured by it.
import { mark, say } from "./element.js";

const ALARMING = 100; // ms; beyond it the delays here mean little

/** `clock`: {by, offset in ms, synchronised} of the relay; what is unknown is absent. */
export function tellClock(node, clock) {
  node.hidden = !clock?.by;
  if (node.hidden) return;
  const { by, offset, synchronised } = clock;
  const bad = synchronised === false || Math.abs(offset ?? 0) > ALARMING;
  const how = synchronised === false ? "nobody keeps it" : offset === undefined ? "kept" : `${offset} ms off`;
  say(node, `${bad ? "▲ " : ""}clock: ${how} (${by})`);
  mark(node, "class", bad ? "clock bad" : "clock");
}
