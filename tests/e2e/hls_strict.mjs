// Reads a JSON array of playlists from stdin and writes what hls-parser, in strict mode, makes of
// each: {"error": "..."} or the playlist's meaning. It refuses what RFC 8216 forbids, and more: with
// EXT-X-SERVER-CONTROL it wants CAN-BLOCK-RELOAD=YES, of which the draft says "its absence implies no
// support" (rfc8216bis 4.4.3.8), as of the tag without parts. So it is shown one that has it.
import HLS from 'hls-parser';

HLS.setOptions({strictMode: true});

function meaning(text) {
  try {
    const playlist = HLS.parse(text.replace(
      /^(#EXT-X-SERVER-CONTROL:)(?!.*CAN-BLOCK-RELOAD)/m, '$1CAN-BLOCK-RELOAD=YES,'));
    if (playlist.isMasterPlaylist) {
      return {
        version: playlist.version,
        variants: playlist.variants.map(variant => ({
          uri: variant.uri,
          bandwidth: variant.bandwidth,
          codecs: variant.codecs ?? null,
          resolution: variant.resolution ? [variant.resolution.width, variant.resolution.height] : null,
          frameRate: variant.frameRate ?? null,
          audio: variant.audio.map(audio => ({
            uri: audio.uri, name: audio.name, group: audio.groupId, language: audio.language ?? null,
            default: audio.isDefault ?? false, autoselect: audio.autoselect ?? false,
            channels: audio.channels ?? null,
          })),
          subtitles: variant.subtitles.map(text => ({
            uri: text.uri, name: text.name, group: text.groupId, language: text.language ?? null,
            default: text.isDefault ?? false, autoselect: text.autoselect ?? false,
          })),
        })),
      };
    }
    return {
      version: playlist.version,
      targetDuration: playlist.targetDuration,
      endlist: playlist.endlist,
      skip: playlist.skip ?? 0,
      control: playlist.lowLatencyCompatibility ?? null,
      segments: playlist.segments.map(segment => ({
        uri: segment.uri,
        number: segment.mediaSequenceNumber,
        duration: segment.duration,
        date: segment.programDateTime ? segment.programDateTime.toISOString() : null,
        discontinuity: segment.discontinuity ?? false,
        discontinuitySequence: segment.discontinuitySequence,
        gap: segment.gap ?? false,
        map: segment.map ? segment.map.uri : null,
      })),
    };
  } catch (error) {
    return {error: error.message};
  }
}

const chunks = [];
for await (const chunk of process.stdin) {
  chunks.push(chunk);
}
const playlists = JSON.parse(Buffer.concat(chunks).toString());
process.stdout.write(JSON.stringify(playlists.map(meaning)));
