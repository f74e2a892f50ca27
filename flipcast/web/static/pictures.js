// Live pictures of the recorder: all that a page shows come over one WebSocket (flipcast/web/pictures.py).
//
// watch(track, canvas, {width, height, rate}) shows a track until the function it returns is called. What is hidden or
// scrolled away is not sent. Each picture tells `canvas` by the event "picture" ({track, at, width, height}).

const HEAD = 18;
const views = new Set();
let socket = null;
let told = "";
let wait = 250;
let again = 0;

const seen = new IntersectionObserver(entries => {
  for (const entry of entries)
    for (const view of views) if (view.canvas === entry.target) view.visible = entry.isIntersecting;
  tell();
});

export function watch(track, canvas, { width = 960, height = 540, rate = 15 } = {}) {
  const view = { track, canvas, width, height, rate, visible: true };
  views.add(view);
  seen.observe(canvas);
  tell();
  return () => {
    views.delete(view);
    if (![...views].some(other => other.canvas === canvas)) seen.unobserve(canvas);
    tell();
  };
}

function wishes() {
  const wanted = {};
  if (document.visibilityState === "hidden") return wanted;
  for (const { track, width, height, rate, visible } of views) {
    if (!visible) continue;
    const [w, h, r] = wanted[track] ?? [0, 0, 0];
    wanted[track] = [Math.max(w, width), Math.max(h, height), Math.max(r, rate)];
  }
  return wanted;
}

function tell() {
  const wanted = wishes();
  if (!Object.keys(wanted).length && !socket) return;
  if (!socket) return connect();
  const text = JSON.stringify({ watch: wanted });
  if (socket.readyState !== WebSocket.OPEN || text === told) return;
  told = text;
  socket.send(text);
}

function connect() {
  clearTimeout(again);
  const address = new URL("pictures", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const own = new WebSocket(address);
  socket = own;
  own.binaryType = "arraybuffer";
  own.onopen = () => {
    wait = 250;
    told = "";
    tell();
  };
  own.onmessage = async ({ data }) => {
    const head = new DataView(data, 0, HEAD);
    const number = head.getUint32(8, true);
    try {
      await show(data, head);
    } finally {
      if (own.readyState === WebSocket.OPEN) own.send(JSON.stringify({ shown: number }));
    }
  };
  own.onclose = () => {
    if (socket === own) socket = null;
    again = setTimeout(tell, wait);
    wait = Math.min(wait * 2, 4000);
  };
}

async function show(data, head) {
  const name = HEAD + head.getUint16(16, true);
  const track = new TextDecoder().decode(new Uint8Array(data, HEAD, name - HEAD));
  const at = head.getBigUint64(0, true);
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([new Uint8Array(data, name)], { type: "image/jpeg" }));
  } catch {
    return; // a picture that cannot be read is followed by another
  }
  const { width, height } = bitmap;
  for (const { canvas, track: wanted, visible } of views) {
    if (wanted !== track || !visible) continue;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    canvas.dispatchEvent(new CustomEvent("picture", { detail: { track, at, width, height } }));
  }
  bitmap.close();
}

document.addEventListener("visibilitychange", tell);
