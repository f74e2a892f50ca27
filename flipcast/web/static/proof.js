// What was measured of a take, in the words of the page, with its numbers as that language writes them.
import { html, sentence, Told } from "./desk.js";
import { clock, moment, say } from "./words.js";

const spoken = document.documentElement.lang;

/** `value` with so many digits behind the point; with its sign where that is what matters. */
function figure(value, digits = 1, signed = false) {
  const ways = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: signed ? "exceptZero" : "auto" };
  return new Intl.NumberFormat(spoken, ways).format(value);
}

function size(bytes) {
  const [unit, of] = bytes >= 1e9 ? ["GB", 1e9] : bytes >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  return `${figure(bytes / of)} ${unit}`;
}

/** A take in one line: which, when, how long, and how it stands with it. */
export function Heading({ take }) {
  const facts = [moment(take.rolled_at), take.seconds === null ? "" : clock(take.seconds)].filter(Boolean);
  return html`${[say("proof-take", { number: take.number }), ...facts].join(" · ")} · <${Told} text=${take.verdict} change=${sentence} />`;
}

/** What the recorder says in its own words, at the end of a line or as one. */
const end = text => html` <${Told} text=${text} change=${words => `${words.replace(/\.$/, "")}.`} />`;
const whole = text => html`<${Told} text=${text} change=${sentence} />`;

function meant(track) {
  if (track.channels) return say("proof-sound", { device: track.device, channels: track.channels, hertz: track.sample_rate });
  return say("proof-picture", { device: track.device, width: String(track.width), height: String(track.height) });
}

function counted(track, result, recovered) {
  const { count, late, repeated, left_out, unchanged, peak_dbfs } = result;
  if (!track.channels) {
    const pictures = say(recovered ? "proof-pictures-found" : "proof-pictures", { count, late, repeated, left: left_out });
    return unchanged ? `${pictures} ${say("proof-unchanged", { count: unchanged })}` : pictures;
  }
  return peak_dbfs === null && !recovered
    ? say("proof-digital-silence", { count })
    : say("proof-samples", { count, loudest: peak_dbfs === null ? "no" : "yes", peak: figure(peak_dbfs ?? 0) });
}

function inStep(track, sync) {
  if (!sync) return [say("proof-no-step")];
  const slip = { slip: figure(sync.slip_ms_per_minute, 2, true), ppm: figure(sync.drift_ppm, 0, true) };
  return [
    say("proof-step", { offset: figure(sync.offset_ms, 1, true), spread: figure(sync.spread_ms), sure: figure(sync.sure_ms) }),
    say(track.channels ? "proof-drift" : "proof-slip", slip),
    html`${say("proof-how")}${end(sync.how)}`,
    say("proof-latency", { latency: figure(track.latency_ms), measured: track.latency_measured ? "yes" : "no" }),
  ];
}

function Track({ track, result, recovered }) {
  const { began, losses, lost_seconds, silent_seconds, ended_because, seconds, size_bytes } = result;
  const lines = [
    meant(track),
    counted(track, result, recovered),
    say("proof-file", { file: track.file, size: size(size_bytes) }),
    began > 0.1 && say("proof-begins", { seconds: figure(began) }),
    ...losses.map(loss => html`${say("proof-loss", { at: clock(loss.at), seconds: figure(loss.seconds) })}${end(loss.why)}`),
    lost_seconds > 0 && say("proof-lost", { seconds: figure(lost_seconds, 2) }),
    silent_seconds > 0 && say(track.channels ? "proof-silent" : "proof-dark", { seconds: figure(silent_seconds) }),
    ended_because && html`${say("proof-track-ended", { at: clock(seconds) })}${end(ended_because)}`,
    ...inStep(track, result.sync),
  ];
  return html`<dt>${say("proof-track", { kind: track.kind, number: Number(/-(\d+)$/.exec(track.name)?.[1] ?? 1) })}</dt>
    ${lines.filter(Boolean).map(line => html`<dd>${line}</dd>`)}`;
}

/** All that was measured of a take that has ended: what its verdict rests on. */
export function Proof({ take }) {
  const { outcome } = take;
  const results = new Map(outcome.tracks.map(result => [result.name, result]));
  const row = (what, line) => html`<dt>${say(`proof-row-${what}`)}</dt><dd>${line}</dd>`;
  return html`<dl class="proof">
    ${take.tracks
      .filter(track => results.has(track.name))
      .map(track => html`<${Track} track=${track} result=${results.get(track.name)} recovered=${outcome.recovered} />`)}
    ${take.pauses.map(pause => row("pause", say("proof-pause", { at: clock(pause.at), seconds: figure(pause.seconds, 0) })))}
    ${take.markers.map(marker => row("marker", [clock(marker.at), marker.label].join(" ")))}
    ${row("ended", whole(outcome.ended_because))}
    ${outcome.alarms.map(text => row("alarm", whole(text)))}
    ${outcome.cpu_seconds > 0 && outcome.seconds > 0 && row("cost", say("proof-cost", { share: figure(outcome.cpu_seconds / outcome.seconds, 2) }))}
  </dl>`;
}
