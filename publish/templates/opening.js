(() => {
  const { first, scripts } = JSON.parse(document.getElementById("opening").textContent);
  const opening = (globalThis.flipcastOpening = { begin: without, made: null });

  const poster = (video) => (video.poster = video.dataset.poster);
  function without(video) {
    poster(video);
    proceed();
  }

  // The network and the processor are left to the picture until it can be played, not only until its bytes are here:
  // on two cores, fetching the player meanwhile takes from the decoder what it needs. Then comes everything else.
  function proceed() {
    if (proceed.done) return;
    proceed.done = true;
    announce();
    const script = document.createElement("script");
    script.src = scripts.watch;
    Object.assign(script.dataset, scripts);
    const run = () => document.head.append(script);
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", run);
    else run();
  }

  function announce() {
    for (const href of Object.values(scripts))
      document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "script", href }));
  }

  // Links into the lecture begin elsewhere; from a disk nothing can be fetched.
  if (!first || !globalThis.MediaSource || !location.protocol.startsWith("http") || location.search || location.hash) return;

  let kept = 0;
  try {
    kept = Number(localStorage.getItem("flipcast-bandwidth"));
  } catch {}
  const bps = kept || (navigator.connection?.downlink ?? 0) * 1e6 || 3e6;
  const wide = Math.max(screen.width, screen.height) * devicePixelRatio;
  const playable = first.rungs.filter((one) => one.codecs.startsWith("avc1") && MediaSource.isTypeSupported(one.type));
  const rung = playable.find((one) => one.bps * 1.4 < bps && one.width <= wide * 1.2) ?? playable.at(-1);
  if (!rung || (first.sound && !MediaSource.isTypeSupported(first.sound.type))) return;

  const parts = [["video", "main", rung], ...(first.sound ? [["audio", "audio", first.sound]] : [])];
  const fetched = parts.map(([, , { url, bytes }]) =>
    fetch(url, { headers: { Range: `bytes=0-${bytes - 1}` }, priority: "high" }).then((answer) => {
      if (answer.status === 206) return answer.arrayBuffer();
      answer.body?.cancel(); // a server without ranges sends the whole film
      throw new Error(`status ${answer.status}`);
    }),
  );

  async function fill(source) {
    await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    source.duration = first.seconds;
    const tracks = {};
    for (const [name, id, { type, codecs }] of parts) {
      const buffer = source.addSourceBuffer(type);
      tracks[name] = { id, buffer, container: `${name}/mp4`, codec: codecs, levelCodec: codecs, listeners: [] };
    }
    const append = async ({ buffer }, bytes) => {
      const data = await bytes;
      await new Promise((resolve, reject) => {
        buffer.addEventListener("updateend", resolve, { once: true });
        buffer.addEventListener("error", reject, { once: true });
        buffer.appendBuffer(data);
      });
    };
    await Promise.all(parts.map(([name], at) => append(tracks[name], fetched[at])));
    return { mediaSource: source, tracks, height: rung.height };
  }

  opening.begin = (video) => {
    const source = new MediaSource();
    opening.made = fill(source).catch(() => (proceed(), null));
    video.src = URL.createObjectURL(source);
    video.addEventListener("canplay", () => (poster(video), proceed()), { once: true });
    // The poster is for those who have to wait; fetched at once, it would make everyone wait.
    setTimeout(poster, 350, video);
    setTimeout(proceed, 2000);
  };
})();
