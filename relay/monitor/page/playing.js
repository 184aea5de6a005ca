// The players that the page can choose from. Each begins to play `url` in a video element and returns
// {video, behind: () => seconds, end}; `failed(reason)` is called when it has given up.

/** By kind: what stands on the button, the names of the scripts it needs, in order, and how to begin. */
export const PLAYERS = {
  hls: { label: "HLS", scripts: ["hls"], begin: playHls },
  dash: { label: "DASH", scripts: ["dash"], begin: playDash },
  smooth: { label: "Smooth", scripts: ["dash", "smooth"], begin: playDash }, // by dash.js and its module
};

const XSDATE = "urn:mpeg:dash:utc:http-xsdate:2014";

// A relay that restarts is away for some seconds: the picture plays on from the buffer meanwhile,
// unless the player gives up, as hls.js does by default after two tries and dash.js after three.
const TRIES = 20;
const patience = (policy) => ({
  default: {
    ...policy.default, errorRetry: { maxNumRetry: TRIES, retryDelayMs: 500, maxRetryDelayMs: 2000 },
  },
});

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
    // A Smooth manifest names no clock, and dash.js would then ask one on the internet.
    streaming: {
      retryAttempts: { MPD: TRIES, MediaSegment: TRIES, InitializationSegment: TRIES },
      utcSynchronization: { defaultTimingSource: { scheme: XSDATE, value: new URL("time", url).href } },
    },
  });
  player.on(dashjs.MediaPlayer.events.ERROR, (event) => failed(`dash.js: ${event.error?.message ?? "error"}`));
  // An absolute URL: with a relative one dash.js complains at every answer.
  player.initialize(video, url, true);
  return { video, behind: () => player.getCurrentLiveLatency(), end: () => player.destroy() };
}
