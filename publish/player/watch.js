/* The watch page at work: it starts the player, and ties clips, transcript, captions and keys to it.
   Without this script the page still shows the lecture, its captions and its transcript. */
(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const facts = JSON.parse($("facts").textContent);
  const video = $("video");
  const player = $("player");
  const scripts = document.currentScript.dataset;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // One clip by itself has a timeline of its own, from 0; everything on the page counts in the lecture's seconds.
  const wanted = Number(new URLSearchParams(location.search).get("clip"));
  const only = facts.clips.find((clip) => clip.number === wanted) ?? null;
  const offset = only ? only.start : 0;
  const length = only ? only.end - only.start : facts.seconds;

  const kept = {
    get(name) {
      try {
        return localStorage.getItem(`flipcast-${name}`);
      } catch {
        return null; // storage may be forbidden, in a frame for instance
      }
    },
    set(name, value) {
      try {
        localStorage.setItem(`flipcast-${name}`, value);
      } catch {}
    },
  };

  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  };
  const say = (text) => ($("said").textContent = text);
  const now = () => video.currentTime + offset;
  const clipAt = (time) => facts.clips.findLast((clip) => clip.start <= time + 0.05) ?? facts.clips[0];

  function seek(time) {
    const at = Math.min(Math.max(time - offset, 0), Math.max(length - 0.1, 0));
    if (video.readyState || hls) video.currentTime = at;
    else video.addEventListener("loadedmetadata", () => (video.currentTime = at), { once: true });
    following(true);
  }
  const play = () => video.play()?.catch(() => {}); // refused or interrupted: the button is still there

  /* --- where to begin: #t=75, #t=1:15, #clip=2 ------------------------------------------------------------ */

  function linked() {
    const hash = new URLSearchParams(location.hash.slice(1));
    const clip = facts.clips.find((one) => one.number === Number(hash.get("clip")));
    if (clip) return clip.start;
    const parts = (hash.get("t") ?? "").split(":").map(Number);
    if (!hash.get("t") || parts.some((part) => !Number.isFinite(part) || part < 0)) return null;
    return parts.reduce((sum, part) => sum * 60 + part, 0);
  }
  addEventListener("hashchange", () => {
    const time = linked();
    if (time !== null) seek(time);
  });

  /* --- the source: hls.js where it can, the browser's own HLS where it must, else the plain file ----------- */

  let hls = null;

  async function begin() {
    if (begin.done) return;
    begin.done = true;
    const late = new Promise((resolve) => setTimeout(resolve, 4000, null));
    const opened = (await Promise.race([globalThis.flipcastOpening?.made, late])) ?? null;
    const at = linked();
    const from = at === null ? -1 : Math.max(at - offset, 0);
    const playlist = only ? only.playlist : facts.master;
    if (location.protocol === "file:") plain(from); // a file may not fetch its neighbours
    else if (globalThis.Hls?.isSupported()) stream(playlist, from, opened);
    else if (video.canPlayType("application/vnd.apple.mpegurl")) native(playlist, from);
    else plain(from);
  }

  function stream(playlist, from, opened) {
    hls = new Hls({
      startPosition: from,
      enableWorker: false, // fragmented MP4 is passed on as it is: a worker costs more than it takes over
      startFragPrefetch: true,
      testBandwidth: false,
      capLevelToPlayerSize: false,
      abrEwmaDefaultEstimate: estimate(),
      maxBufferLength: 12, // before anyone has pressed play, no more than a taste is fetched
      maxBufferSize: 0,
      backBufferLength: 120,
      enableWebVTT: false, // captions are drawn from the page's own track: see captionTrack
      enableIMSC1: false,
      enableCEA708Captions: false,
      subtitlePreference: undefined,
    });
    let mended = 0;
    hls.on(Hls.Events.ERROR, (_, fault) => {
      if (!fault.fatal) return;
      mended += 1;
      if (mended > 3) fallBack("The stream broke off, so the plain file is shown instead.");
      else if (fault.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
      else if (fault.details === Hls.ErrorDetails.MANIFEST_LOAD_ERROR || !hls.levels?.length)
        fallBack("The stream could not be loaded, so the plain file is shown instead.");
      else setTimeout(() => hls?.startLoad(), 1000 * mended);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      qualities();
      // What the page has begun, hls.js goes on with: the same rung, the same buffers.
      const level = opened ? hls.levels.findIndex((one) => Math.min(one.width, one.height) === opened.height && /avc1/.test(one.videoCodec)) : -1;
      if (level >= 0) hls.startLevel = level;
      preferModern();
    });
    hls.on(Hls.Events.LEVEL_SWITCHED, quality);
    hls.on(Hls.Events.FRAG_BUFFERED, () => (mended = 0));
    hls.loadSource(playlist);
    hls.attachMedia(opened ? { media: video, mediaSource: opened.mediaSource, tracks: opened.tracks } : video);
    video.addEventListener("play", () => hls && Object.assign(hls.config, { maxBufferLength: 40, maxBufferSize: 2e7 }), { once: true });
    addEventListener("pagehide", () => hls?.bandwidthEstimate && kept.set("bandwidth", Math.round(hls.bandwidthEstimate)));
  }

  function estimate() {
    const before = Number(kept.get("bandwidth"));
    const reported = (navigator.connection?.downlink ?? 0) * 1e6;
    return Math.min(Math.max(before || reported || 3e6, 3e5), 2e7);
  }

  function native(playlist, from) {
    video.src = playlist;
    startAt(from);
  }

  function plain(from) {
    video.src = only ? only.download : facts.download;
    startAt(from);
  }

  function startAt(from) {
    if (from > 0) video.addEventListener("loadedmetadata", () => (video.currentTime = from), { once: true });
  }

  function fallBack(sentence) {
    const [from, playing] = [video.currentTime, !video.paused];
    hls.destroy();
    hls = null;
    $("quality").closest("label").hidden = true;
    trouble(sentence);
    plain(from);
    if (playing) play();
  }

  function trouble(sentence) {
    $("trouble").textContent = sentence;
    $("trouble").hidden = false;
  }
  video.addEventListener("error", () => {
    if (!hls) trouble("This lecture cannot be played here. It can be downloaded below.");
  });

  /* --- quality and speed ---------------------------------------------------------------------------------- */

  function qualities() {
    const select = $("quality");
    const seen = new Set();
    hls.levels.map((level, at) => ({ level, at })).reverse().forEach(({ level, at }) => {
      const modern = /av01|hvc1|hev1/.exec(level.videoCodec ?? "");
      const name = (level.height ? `${Math.min(level.width, level.height)}p` : `${Math.round(level.bitrate / 1000)} kb/s`) +
        (modern ? (modern[0] === "av01" ? " AV1" : " HEVC") : "");
      if (seen.has(name)) return;
      seen.add(name);
      select.add(new Option(name, at));
    });
    select.closest("label").hidden = hls.levels.length < 2;
    select.addEventListener("change", () => {
      hls.currentLevel = Number(select.value); // at once: who chooses wants to see it
      quality();
    });
  }

  function quality() {
    const level = hls.levels[hls.currentLevel];
    const [automatic] = $("quality").options;
    automatic.textContent = chosenByUs() && level?.height ? `Auto (${Math.min(level.width, level.height)}p)` : "Auto";
  }

  const chosenByUs = () => Number($("quality").value) < 0;

  // hls.js keeps to one codec by itself. The same picture in AV1 is about half the bytes: where the device decodes it
  // without effort it is taken, until the network cannot keep up with even that.
  async function preferModern() {
    const at = hls.levels.findIndex((level) => /av01/.test(level.videoCodec ?? ""));
    const level = hls.levels[at];
    if (!level || !navigator.mediaCapabilities || level.bitrate > estimate()) return;
    const { width, height, bitrate, videoCodec, attrs } = level;
    const video = { contentType: `video/mp4; codecs="${videoCodec}"`, width, height, bitrate, framerate: Number(attrs["FRAME-RATE"]) || 25 };
    const able = await navigator.mediaCapabilities.decodingInfo({ type: "media-source", video }).catch(() => null);
    if (!able?.smooth || !hls || !chosenByUs()) return;
    hls.loadLevel = at; // from the next segment on: what is here already is shown
    hls.on(Hls.Events.ERROR, (_, fault) => {
      if (fault.details === Hls.ErrorDetails.BUFFER_STALLED_ERROR && chosenByUs()) hls.loadLevel = -1;
    });
  }

  const speeds = [...$("speed").options].map((option) => Number(option.value));

  function speed(rate, aloud = true) {
    video.defaultPlaybackRate = video.playbackRate = rate;
    kept.set("speed", rate);
    $("speed").value = rate;
    $("speed-now").textContent = rate === 1 ? "" : `${rate}×`;
    $("settings-button").setAttribute("aria-label", rate === 1 ? "Settings" : `${rate}× Settings`);
    if (aloud) say(`Speed ${rate}`);
  }
  $("speed").addEventListener("change", () => speed(Number($("speed").value), false));
  const faster = (step) => {
    const at = speeds.indexOf(video.playbackRate);
    speed(speeds[Math.min(Math.max((at < 0 ? speeds.indexOf(1) : at) + step, 0), speeds.length - 1)]);
  };

  /* --- captions ------------------------------------------------------------------------------------------- */
  // Cues are put in by hand: so they are the same under hls.js and the plain file, and fit a clip's own timeline.

  const tracks = new Map();

  async function captionTrack(language) {
    const about = facts.captions.find((one) => one.language === language);
    if (!about) return null;
    if (!tracks.has(language)) tracks.set(language, fillTrack(about));
    return tracks.get(language);
  }

  async function fillTrack(about) {
    const manifest = [...video.textTracks].find((one) => one.kind === "subtitles" && one.language === about.language);
    if (manifest) return manifest; // the browser's own HLS brings them
    const track = video.addTextTrack("captions", about.label, about.language);
    track.mode = "hidden";
    for (const { start, end, text, settings } of await cues(about)) {
      if (end <= offset || start >= offset + length) continue;
      const cue = new VTTCue(Math.max(start - offset, 0), end - offset, text);
      for (const [name, value] of settings) place(cue, name, value);
      track.addCue(cue);
    }
    return track;
  }

  function place(cue, name, value) {
    const [at, anchor] = value.split(",");
    try {
      if (name === "line") {
        cue.snapToLines = !at.endsWith("%");
        cue.line = parseFloat(at);
        if (anchor) cue.lineAlign = anchor;
      } else if (name === "position") {
        cue.position = parseFloat(at);
        if (anchor) cue.positionAlign = anchor;
      } else if (name === "size") cue.size = parseFloat(at);
      else if (name === "align") cue.align = at;
      else if (name === "vertical") cue.vertical = at;
    } catch {} // a place that this browser does not know
  }

  async function cues(about) {
    try {
      const answer = await fetch(about.vtt);
      if (answer.ok) return parsed(await answer.text());
    } catch {}
    return spokenCues(about.language); // from a file: what the page itself holds
  }

  function parsed(vtt) {
    const moment = (text) => text.split(":").reduce((sum, part) => sum * 60 + parseFloat(part), 0);
    return vtt.replace(/\r\n?/g, "\n").split(/\n\n+/).flatMap((block) => {
      const lines = block.split("\n");
      const at = lines.findIndex((line) => line.includes("-->"));
      if (at < 0) return [];
      const [start, , end, ...settings] = lines[at].trim().split(/\s+/);
      const text = lines.slice(at + 1).join("\n").trim();
      return [{ start: moment(start), end: moment(end), text, settings: settings.map((one) => one.split(":")) }];
    });
  }

  function spokenCues(language) {
    const made = [];
    for (const sentence of document.querySelectorAll(`.spoken[data-language="${CSS.escape(language)}"] .s`)) {
      let cue = null;
      for (const word of words(sentence)) {
        if (!cue || cue.text.length + word.text.length > 80) made.push((cue = { start: word.time, text: "", settings: [] }));
        cue.text += (cue.text && " ") + word.text;
        cue.end = word.time + 0.6;
      }
      if (cue) cue.end = Number(sentence.dataset.e);
    }
    // A cue's text is markup: what was said is not.
    return made.map((cue) => ({ ...cue, text: cue.text.replace(/&/g, "&amp;").replace(/</g, "&lt;") }));
  }

  async function captions(language, aloud = true) {
    kept.set("captions", language);
    $("captions").value = language;
    $("captions-button").setAttribute("aria-pressed", String(Boolean(language)));
    const chosen = language ? await captionTrack(language) : null;
    if ($("captions").value !== language) return; // chosen otherwise while these were loading
    for (const track of video.textTracks)
      if (track.kind === "captions" || track.kind === "subtitles") track.mode = track === chosen ? "showing" : "disabled";
    if (aloud) say(language ? "Captions on" : "Captions off");
  }
  const lastLanguage = () => captions.last ?? facts.captions[0]?.language ?? "";
  const toggleCaptions = () => {
    if (facts.captions.length) captions($("captions").value ? "" : lastLanguage());
    else say("This lecture has no captions");
  };

  if (facts.captions.length) {
    $("captions").addEventListener("change", () => {
      captions.last = $("captions").value || captions.last;
      captions($("captions").value, false);
    });
    $("captions-button").addEventListener("click", toggleCaptions);
    const size = $("caption-size");
    const resize = () => {
      video.dataset.captions = size.value;
      kept.set("caption-size", size.value);
    };
    size.value = kept.get("caption-size") ?? "1";
    if (!size.value) size.value = "1";
    size.addEventListener("change", resize);
    resize();
  }

  /* --- the player's own controls -------------------------------------------------------------------------- */

  function dress() {
    if (dress.done) return;
    dress.done = true;
    marks();
    load(scripts.chrome);
    const language = kept.get("captions");
    if (facts.captions.some((one) => one.language === language)) captions(language, false);
  }

  function marks() {
    if (facts.clips.length > 1 && !only) {
      const chapters = video.addTextTrack("chapters", "Clips");
      chapters.mode = "hidden";
      for (const clip of facts.clips) {
        const text = clip.title.replace(/&/g, "&amp;").replace(/</g, "&lt;");
        chapters.addCue(new VTTCue(clip.start, clip.end, text));
      }
    }
    if (!facts.thumbnails.length) return;
    const pictures = video.addTextTrack("metadata", "thumbnails");
    pictures.mode = "hidden";
    for (const [start, end, url] of facts.thumbnails)
      if (end > offset && start < offset + length)
        pictures.addCue(new VTTCue(Math.max(start - offset, 0), end - offset, new URL(url, document.baseURI).href));
  }

  // The controls can wait; the picture cannot.
  if (video.readyState >= 3) setTimeout(dress);
  video.addEventListener("canplay", dress, { once: true });
  video.addEventListener("play", dress, { once: true });
  setTimeout(dress, 2000);

  const bigPlay = $("big-play");
  bigPlay.addEventListener("click", () => play());
  video.addEventListener("play", () => {
    if (document.activeElement === bigPlay) player.querySelector("media-play-button").focus();
    bigPlay.hidden = true;
  });

  const settings = $("settings");
  const settingsButton = $("settings-button");
  function openSettings(open) {
    settings.hidden = !open;
    settingsButton.setAttribute("aria-expanded", String(open));
    player.setAttribute("autohide", open ? "-1" : "3");
  }
  settingsButton.addEventListener("click", () => {
    openSettings(settings.hidden);
    if (!settings.hidden) $("speed").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!settings.hidden && !settings.contains(event.target) && !settingsButton.contains(event.target)) openSettings(false);
  });
  player.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || settings.hidden) return;
    openSettings(false);
    settingsButton.focus();
    event.stopPropagation();
  });

  /* --- clips ---------------------------------------------------------------------------------------------- */

  const rows = [...document.querySelectorAll("#clips li")];
  let current = null;

  function goTo(clip) {
    if (only) {
      if (clip === only) seek(only.start);
      else location.assign(`?clip=${clip.number}`);
      return;
    }
    history.replaceState(null, "", `#clip=${clip.number}`);
    seek(clip.start);
    say(`Clip ${clip.number}: ${clip.title}`);
  }

  for (const row of rows) {
    const clip = facts.clips.find((one) => one.number === Number(row.dataset.clip));
    const link = row.querySelector(".clip");
    if (only) link.href = `?clip=${clip.number}`;
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || (only && clip !== only)) return;
      event.preventDefault();
      goTo(clip);
      play();
    });
  }

  function markClip(time) {
    const clip = clipAt(time);
    if (clip === current) return;
    current = clip;
    for (const row of rows) {
      const here = Number(row.dataset.clip) === clip.number;
      row.classList.toggle("now", here);
      row.querySelector(".clip").toggleAttribute("aria-current", false);
      if (here) row.querySelector(".clip").setAttribute("aria-current", "true");
    }
  }

  if (only) {
    const whole = document.createElement("a");
    whole.href = `${location.pathname}#clip=${only.number}`;
    whole.textContent = "Watch the whole lecture";
    $("only").append(`Clip ${only.number} of ${facts.clips.length}, by itself. `, whole);
    $("only").hidden = false;
    for (const part of document.querySelectorAll(".spoken section")) part.hidden = Number(part.dataset.clip) !== only.number;
  }

  /* --- transcript ----------------------------------------------------------------------------------------- */

  const panel = $("transcript");
  const highlights = globalThis.CSS?.highlights;
  let spoken = null; // the language that is shown
  let sentences = [];
  let active = null;
  let follows = true;

  function words(sentence) {
    const text = sentence.textContent;
    const start = Number(sentence.dataset.t);
    let at = 0;
    return sentence.dataset.w.split(" ").map((one) => {
      const [hundredths, count] = one.split(",").map(Number);
      if (text[at] === " ") at += 1;
      const word = { time: start + hundredths / 100, from: at, to: at + count, text: text.slice(at, at + count) };
      at += count;
      return word;
    });
  }

  function show(language) {
    const all = [...panel.querySelectorAll(".spoken")];
    spoken = all.find((one) => one.dataset.language === language) ?? all[0];
    for (const one of all) one.hidden = one !== spoken;
    sentences = [...spoken.querySelectorAll("section:not([hidden]) .s")].map((element) => ({
      element,
      start: Number(element.dataset.t),
      end: Number(element.dataset.e),
    }));
    const stops = spoken.querySelectorAll("a.at");
    stops.forEach((stop, at) => (stop.tabIndex = at ? -1 : 0));
    active = null;
    index = null;
    search();
    tick();
  }

  function sentenceAt(time) {
    let [low, high] = [0, sentences.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sentences[middle].start <= time + 0.05) low = middle + 1;
      else high = middle;
    }
    return sentences[low - 1] ?? null;
  }

  function tick() {
    const time = now();
    markClip(time);
    if (!spoken) return;
    const sentence = sentenceAt(time);
    const speaking = sentence && time < sentence.end + 1 ? sentence : null;
    if (speaking !== active) {
      active?.element.classList.remove("now");
      active = speaking;
      active?.element.classList.add("now");
      if (active && follows) reveal(active.element);
    }
    if (!highlights) return;
    const word = active && words(active.element).findLast((one) => one.time <= time + 0.05);
    if (!word) return highlights.delete("word");
    highlights.set("word", new Highlight(range(active.element.firstChild, word.from, active.element.firstChild, word.to)));
  }

  function range(from, start, to, end) {
    const made = document.createRange();
    made.setStart(from, start);
    made.setEnd(to, end);
    return made;
  }

  // Scrolls the panel and never the page: whoever reads something else is left in peace.
  function reveal(element) {
    const [box, own] = [element.getBoundingClientRect(), spoken.getBoundingClientRect()];
    const top = spoken.scrollTop + box.top - own.top - spoken.clientHeight * 0.3;
    spoken.scrollTo({ top, behavior: calm.matches ? "instant" : "smooth" });
  }

  function following(yes) {
    if (!panel) return;
    follows = yes;
    $("follow").hidden = yes;
    if (yes && active) reveal(active.element);
  }

  function pointedAt(event) {
    const sentence = event.target.closest(".s");
    if (!sentence) return null;
    let place = 0;
    if (document.caretPositionFromPoint) place = document.caretPositionFromPoint(event.clientX, event.clientY)?.offset ?? 0;
    else if (document.caretRangeFromPoint) place = document.caretRangeFromPoint(event.clientX, event.clientY)?.startOffset ?? 0;
    const all = words(sentence);
    return (all.find((word) => place <= word.to) ?? all[0]).time;
  }

  let frame = 0;
  function run() {
    cancelAnimationFrame(frame);
    let last = 0;
    const step = (at) => {
      if (at - last > 90) {
        last = at;
        tick();
      }
      if (!video.paused) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  }
  video.addEventListener("playing", run);
  for (const event of ["seeked", "pause", "timeupdate", "loadedmetadata"]) video.addEventListener(event, tick);

  /* --- search --------------------------------------------------------------------------------------------- */

  let index = null;
  let matches = [];
  let match = -1;

  // Letters without accents and case, and for each of them the sentence and place that it came from.
  function indexed() {
    if (index) return index;
    let text = "";
    const places = [];
    sentences.forEach(({ element }) => {
      const said = `${element.textContent} `;
      let at = 0;
      for (const character of said) {
        const bare = character.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
        for (let unit = 0; unit < bare.length; unit += 1) places.push([element.firstChild, at]);
        text += bare;
        at += character.length;
      }
    });
    return (index = { text, places });
  }

  function search() {
    const query = $("find").value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
    matches = [];
    match = -1;
    if (query) {
      const { text, places } = indexed();
      for (let at = text.indexOf(query); at >= 0; at = text.indexOf(query, at + query.length)) {
        const [[from, start], [to, last]] = [places[at], places[at + query.length - 1]];
        const end = Math.min(last + (to.data.codePointAt(last) > 0xffff ? 2 : 1), to.length);
        matches.push(range(from, start, to, end));
      }
    }
    highlights?.set("found", new Highlight(...matches));
    highlights?.delete("found-now");
    for (const button of [$("find-back"), $("find-next")]) button.disabled = !matches.length;
    $("found").textContent = !query ? "" : matches.length ? `${matches.length} found` : "not found";
  }

  function nextMatch(step) {
    if (!matches.length) return;
    const after = matches.findIndex((one) => Number(one.startContainer.parentElement.dataset.t) >= now() - 0.1);
    if (match < 0) match = step > 0 ? Math.max(after, 0) : (after < 0 ? matches.length : after) - 1;
    else match += step;
    match = (match + matches.length) % matches.length;
    const found = matches[match];
    highlights?.set("found-now", new Highlight(found));
    $("found").textContent = `${match + 1} of ${matches.length}`;
    following(false);
    const sentence = found.startContainer.parentElement;
    if (!highlights) getSelection().setBaseAndExtent(found.startContainer, found.startOffset, found.endContainer, found.endOffset);
    reveal(sentence);
    stopAt(sentence.closest("p").querySelector("a.at"));
  }

  /* One paragraph at a time is a tab stop; the arrows move between them. */
  function stopAt(stop, focus = false) {
    for (const one of spoken.querySelectorAll('a.at[tabindex="0"]')) one.tabIndex = -1;
    stop.tabIndex = 0;
    if (focus) stop.focus();
  }

  if (panel) {
    panel.addEventListener("click", (event) => {
      const stop = event.target.closest("a.at");
      if (stop) {
        event.preventDefault();
        stopAt(stop);
        seek(Number(stop.closest("p").querySelector(".s").dataset.t));
        play();
        return;
      }
      if (!getSelection().isCollapsed) return; // someone is copying a passage
      const time = pointedAt(event);
      if (time !== null) seek(time);
    });
    for (const spokenIn of panel.querySelectorAll(".spoken")) {
      for (const event of ["wheel", "touchmove"]) spokenIn.addEventListener(event, () => following(false), { passive: true });
      spokenIn.addEventListener("pointerdown", (event) => event.target === spokenIn && following(false)); // the scroll bar
      spokenIn.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (["PageDown", "PageUp", "Home", "End"].includes(event.key)) following(false);
        if (!step || !event.target.matches("a.at")) return;
        const stops = [...spoken.querySelectorAll("section:not([hidden]) a.at")];
        const next = stops[stops.indexOf(event.target) + step];
        event.preventDefault();
        event.stopPropagation();
        following(false);
        if (next) stopAt(next, true);
      });
    }
    $("follow").hidden = true;
    $("follow").addEventListener("click", () => following(true));
    $("find").addEventListener("input", search);
    $("find").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        nextMatch(-1);
      } else if (event.key === "Escape" && !$("find").value) $("find").blur();
    });
    $("find-back").addEventListener("click", () => nextMatch(-1));
    $("search").addEventListener("submit", (event) => {
      event.preventDefault();
      nextMatch(1);
    });
    $("language")?.addEventListener("change", () => show($("language").value));
    show();
  }

  /* --- keys ----------------------------------------------------------------------------------------------- */

  const help = $("help");
  const openHelp = () => help.open || help.showModal();
  $("help-open").addEventListener("click", openHelp);
  help.addEventListener("click", (event) => event.target === help && help.close());
  $("keys").checked = kept.get("keys") !== "off";
  $("keys").addEventListener("change", () => kept.set("keys", $("keys").checked ? "on" : "off"));

  const loudness = (step) => {
    video.muted = false;
    video.volume = Math.min(Math.max(Math.round((video.volume + step) * 20) / 20, 0), 1);
    say(`Volume ${Math.round(video.volume * 100)} %`);
  };
  const neighbour = (step) => {
    const next = facts.clips[facts.clips.indexOf(clipAt(now())) + step];
    if (next) goTo(next);
  };
  const fullScreen = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (player.requestFullscreen) player.requestFullscreen().catch(() => {});
    else video.webkitEnterFullscreen?.(); // iPhones show only the video itself
  };

  const keys = {
    " ": () => (video.paused ? play() : video.pause()),
    k: () => (video.paused ? play() : video.pause()),
    j: () => seek(now() - 10),
    l: () => seek(now() + 10),
    ArrowLeft: () => seek(now() - 5),
    ArrowRight: () => seek(now() + 5),
    ArrowUp: () => loudness(0.05),
    ArrowDown: () => loudness(-0.05),
    0: () => seek(offset),
    n: () => neighbour(1),
    p: () => neighbour(-1),
    "<": () => faster(-1),
    ">": () => faster(1),
    c: toggleCaptions,
    m: () => {
      video.muted = !video.muted;
      say(video.muted ? "Sound off" : "Sound on");
    },
    f: fullScreen,
    "/": () => $("find")?.focus(),
    "?": openHelp,
  };
  for (const clip of facts.clips.slice(0, 9)) keys[clip.number] = () => goTo(clip);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.hasOwn(keys, key)) return;
    const target = event.composedPath()[0];
    if (target.matches?.("select, textarea, input:not([type=checkbox], [type=range])")) return;
    const inside = player.contains(event.target);
    if (!$("keys").checked && !inside) return;
    if (key.startsWith("Arrow") && target.matches?.("input[type=range]")) return;
    // Up and down scroll the page, unless the player has been chosen.
    if ((key === "ArrowUp" || key === "ArrowDown") && !inside) return;
    const pressable = event.target.closest?.("a, button, summary, label, media-play-button, media-mute-button, media-fullscreen-button, media-seek-backward-button, media-seek-forward-button");
    if (key === " " && pressable) return;
    event.preventDefault();
    keys[key]();
  });

  const rate = Number(kept.get("speed"));
  speed(speeds.includes(rate) ? rate : 1, false);

  function load(address) {
    const script = document.createElement("script");
    script.src = address;
    script.async = false; // in the order of asking
    document.head.append(script);
    return new Promise((resolve) => {
      script.addEventListener("load", resolve);
      script.addEventListener("error", resolve);
      setTimeout(resolve, 8000); // a script that never comes must not keep the lecture away
    });
  }

  if (location.protocol === "file:") begin();
  else load(scripts.hls).then(begin);
})();
