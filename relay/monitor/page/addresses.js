// The URLs of a channel, each with a button that copies it: what players open, and where encoders push.
import { copier, element } from "./element.js";

/**
 * What the board says of them: `playback`, the port of encoders and players; `secure`, it speaks TLS;
 * `folder`, which stands before the names where channels are played with a token.
 */
export function addressesOf(name, { playback, secure, folder }) {
  const door = `${secure ? "https" : "http"}://${location.hostname}:${playback}`;
  const point = `${encodeURIComponent(name)}.isml`;
  const played = folder ? `${door}/${folder}/${point}` : `${door}/${point}`;
  return {
    hls: `${played}/master.m3u8`,
    dash: `${played}/manifest.mpd`,
    smooth: `${played}/Manifest`,
    push: `${door}/${point}/Streams(main)?source=enc_a`,
  };
}

const LABELS = { hls: "HLS", dash: "DASH", smooth: "Smooth", push: "push to" };

export function addresses(known) {
  const row = (kind) => element(
    "div",
    {},
    element("dt", {}, LABELS[kind]),
    element(
      "dd",
      {},
      element("code", { title: known[kind] }, known[kind]),
      copier(() => known[kind], kind === "push" ? "the URL to push to" : `the ${LABELS[kind]} URL`),
    ),
  );
  return element("dl", { class: "urls" }, ...Object.keys(LABELS).map(row));
}
