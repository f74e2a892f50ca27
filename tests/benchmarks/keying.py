"""How cleanly flipcast cuts a speaker from a green screen, beside what others do, on footage whose truth is known.

    python -m tests.benchmarks.keying [--clips N | --names a,b] [--seed S] [--size 1920x1080] [--stills FOLDER]
    python -m tests.benchmarks.keying --things 8
    python -m tests.benchmarks.keying --speed [--rounds 15]

The first prints a table for each clip, one of medians, and whether the promised ratios are reached; the second does
the same with clips of `strangers`. The third measures processor time of one frame of 1080 lines, matte to composite,
turn by turn with the others on one thread. Lower is better, except for PSNR.

*Truth's alpha* is what somebody reaches who knows every alpha, and takes the screen's light away by the plate: how much
of the error is the camera's and the codec's own, and how much is left to win.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from greenscreen import plate
from greenscreen.keyer import Keyer
from process.ffmpeg import Ffmpeg, program
from tests.benchmarks import baselines, footage, matting, strangers
from tests.benchmarks.baselines import Keyed
from tests.benchmarks.footage import Clip
from tests.benchmarks.light import LINEAR, over
from tests.benchmarks.matting import Score

OURS, NO_PLATE, KNOWN = "flipcast", "flipcast, no plate", "truth's alpha"
ASKED = ("HSV tutorial", "ffmpeg", "ffmpeg tuned", "OBS", "OBS tuned", "IBK")
"""The others that the promises were made against; the rest are our own addition."""


def with_plate(clip: Clip) -> Keyed:
    """Our keyer, as a recorder with a clean plate uses it."""
    return _keyed(clip, Keyer(plate=plate.take(clip.plate_frames)))


def without_plate(clip: Clip) -> Keyed:
    """Our keyer, with what it learns from the frames."""
    return _keyed(clip, Keyer())


def _keyed(clip: Clip, keyer: Keyer) -> Keyed:
    alphas, composites = [], []
    with keyer:
        for frame in clip.frames:
            alphas.append(keyer.key(frame).alpha)
    # A second pass from the start: both ways of asking must see the same frames in the same order.
    with Keyer(keyer.settings, plate=keyer.plate) as again:
        for frame in clip.frames:
            composites.append(again.over(frame, clip.background))
    return alphas, composites


def known(clip: Clip) -> Keyed:
    """The true alphas, with the screen's light taken away by the plate."""
    screen = LINEAR[baselines.plate(clip)]
    composites = []
    for frame, alpha in zip(clip.frames, clip.alphas, strict=True):
        own = np.maximum(0, LINEAR[frame] - (1 - alpha[..., None]) * screen)
        composites.append(over(own, alpha, clip.background))
    return clip.alphas, composites


WAYS: dict[str, Callable[[Clip], Keyed]] = {
    **baselines.WAYS, OURS: with_plate, NO_PLATE: without_plate, KNOWN: known,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A number that was promised."""

    what: str
    found: float
    wanted: float
    aim: float
    more: bool = False
    """Whether more is better."""

    def __str__(self) -> str:
        """A row of the last table."""
        kept = self.found >= self.wanted if self.more else self.found <= self.wanted
        reached = self.found >= self.aim if self.more else self.found <= self.aim
        verdict = "aim reached" if reached else "kept" if kept else "NOT KEPT"
        sign = "≥" if self.more else "≤"
        return f"{self.what:<62} {self.found:7.2f}   {sign} {self.wanted:<5} (aim {self.aim})  {verdict}"


def main() -> None:
    """Measure and print."""
    wishes = _wishes()
    if wishes.speed:
        speed(wishes.rounds)
        return
    size = tuple(int(n) for n in wishes.size.split("x"))
    names = wishes.names.split(",") if wishes.names else footage.NAMES[: wishes.clips]
    scores: dict[str, dict[str, Score]] = {}
    for clip in _clips(wishes, size, names):
        scores[clip.name] = dict(measure(clip, stills=wishes.stills))
        print(f"\n{clip.name} ({clip.hue}, {len(clip.coded) / len(clip.frames) / 1e3:.0f} kB a frame)")
        _table(scores[clip.name])
    print(f"\nmedians over {len(scores)} clips, seed {wishes.seed}, {wishes.size}")
    middle = {way: _median([rows[way] for rows in scores.values()]) for way in WAYS}
    _table(middle)
    print()
    for promise in promises(scores, middle):
        print(promise)


def _clips(wishes: argparse.Namespace, size: tuple[int, int], names: Sequence[str]) -> Iterator[Clip]:
    if not wishes.things:
        yield from footage.clips(wishes.seed, size, names=names, length=wishes.length)
    for number in range(wishes.things):
        yield strangers.take(wishes.seed * 100 + number, size=size, length=wishes.length)


def measure(clip: Clip, *, stills: Path | None = None) -> Iterator[tuple[str, Score]]:
    """Yield what every way reaches on *clip*; pictures of its last frame go to *stills*."""
    for name, way in WAYS.items():
        alphas, composites = way(clip)
        if stills is not None:
            _keep(stills, clip, name, alphas[-1], composites[-1])
        yield (
            name,
            matting.score(
                alphas,
                composites,
                true_alphas=clip.alphas,
                foregrounds=clip.foregrounds,
                background=clip.background,
            ),
        )


def promises(scores: dict[str, dict[str, Score]], middle: dict[str, Score]) -> list[Promise]:
    """What was promised of the picture. Ratios are medians over the clips of each clip's ratio."""
    others = [way for way in WAYS if way not in (OURS, NO_PLATE, KNOWN)]
    tuned = [way for way in others if "tuned" in way]
    best = max(others, key=lambda way: middle[way].psnr)
    plain = [way for way in others if way != "IBK tuned"]  # whose clip points nobody could set without the truth
    best_plain = max(plain, key=lambda way: middle[way].psnr)
    rows = list(scores.values())

    def ratio(measured: Callable[[Score], float], against: Callable[[dict[str, Score]], float]) -> float:
        return statistics.median(measured(row[OURS]) / max(1e-9, against(row)) for row in rows)

    plain_gains = [row[OURS].psnr - max(row[way].psnr for way in plain) for row in rows]
    asked_gains = {name: row[OURS].psnr - max(row[way].psnr for way in ASKED) for name, row in scores.items()}
    asked_worst = min(asked_gains, key=lambda name: asked_gains[name])
    best_asked = max(ASKED, key=lambda way: middle[way].psnr)
    room = [row[KNOWN].psnr - max(row[way].psnr for way in ASKED) for row in rows]
    gains = {name: row[OURS].psnr - max(row[way].psnr for way in others) for name, row in scores.items()}
    worst = min(gains, key=lambda name: gains[name])
    return [
        _lead(
            f"PSNR above the best of those asked for ({best_asked}), medians",
            middle[OURS].psnr - middle[best_asked].psnr,
        ),
        _lead("… above the best of them in each clip, median", statistics.median(asked_gains.values())),
        _lead("… of which truth's alpha leaves", statistics.median(room)),
        _lead(f"… on the worst clip ({asked_worst})", asked_gains[asked_worst], wanted=0, aim=2),
        _lead(f"PSNR above the best of all others ({best}), medians", middle[OURS].psnr - middle[best].psnr),
        _lead(f"… leaving out tuned IBK ({best_plain})", middle[OURS].psnr - middle[best_plain].psnr),
        _lead("… leaving it out, above the best other of each clip, median", statistics.median(plain_gains)),
        _lead("PSNR above plain IBK, medians", middle[OURS].psnr - middle["IBK"].psnr),
        _lead("PSNR above the best other of each clip, median", statistics.median(gains.values())),
        _lead(f"… on the worst clip ({worst})", gains[worst], wanted=0, aim=2),
        Promise(
            what="alpha MSE over the best tuned of those asked for, of each clip",
            found=ratio(lambda s: s.mse, lambda row: min(row[way].mse for way in tuned if way in ASKED)),
            wanted=0.4,
            aim=0.3,
        ),
        Promise(
            what="alpha MSE over the best tuned of each clip",
            found=ratio(lambda s: s.mse, lambda row: min(row[way].mse for way in tuned)),
            wanted=0.4,
            aim=0.3,
        ),
        Promise(what="… on medians", found=middle[OURS].mse / min(middle[w].mse for w in tuned), wanted=0.4, aim=0.3),
        Promise(
            what="CIEDE2000 at the edge over IBK's",
            found=ratio(lambda s: s.edge, lambda row: row["IBK"].edge),
            wanted=0.85,
            aim=0.8,
        ),
        Promise(
            what="… over tuned IBK's",
            found=ratio(lambda s: s.edge, lambda row: row["IBK tuned"].edge),
            wanted=0.85,
            aim=0.8,
        ),
        Promise(
            what="flicker (dtSSD) over IBK's",
            found=ratio(lambda s: s.dtssd, lambda row: row["IBK"].dtssd),
            wanted=0.7,
            aim=0.6,
        ),
        Promise(
            what="… over the best other's of each clip",
            found=ratio(lambda s: s.dtssd, lambda row: min(row[way].dtssd for way in others)),
            wanted=0.7,
            aim=0.6,
        ),
    ]


def _lead(what: str, found: float, *, wanted: float = 4, aim: float = 5) -> Promise:
    """So many decibels more than others."""
    return Promise(what=what, found=found, wanted=wanted, aim=aim, more=True)


def speed(rounds: int) -> None:
    """Processor time of one frame of 1080 lines, matte to composite; decoding is taken off."""
    clip = footage.take("shadow", seed=3, size=(1920, 1080), length=8)
    cv2.setNumThreads(1)
    with Keyer(plate=plate.take(clip.plate_frames)) as keyer:
        ways: dict[str, Callable[[np.ndarray], object]] = {
            "HSV tutorial, mixed by OpenCV": lambda f: baselines.hsv_frame(f, clip.background, clip.hue),
            "HSV tutorial, mixed as written out in tutorials": lambda f: _written_out(f, clip),
            OURS: lambda f: keyer.over(f, clip.background),
        }
        for way in ways.values():
            for frame in clip.frames:
                way(frame)
        took: dict[str, list[float]] = {name: [] for name in ways}
        walls: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                for frame in clip.frames:  # all of them, since some work is done every few frames only
                    began, cpu = time.perf_counter(), time.process_time()
                    way(frame)
                    took[name].append(time.process_time() - cpu)
                    walls[name].append(time.perf_counter() - began)
    means = {name: 1e3 * _steady(t, len(clip.frames)) for name, t in took.items()}
    means["ffmpeg chromakey + despill + overlay"] = 1e3 * statistics.median(_ffmpeg_cost(clip) for _ in range(3))
    print(f"{'one frame of 1920x1080':<52} {'CPU ms':>7} {'ours over it':>13} {'longest ms':>11}")
    for name, cost in means.items():
        longest = f"{1e3 * max(walls[name]):11.1f}" if name in walls else ""
        print(f"{name:<52} {cost:7.1f} {means[OURS] / cost:13.2f} {longest}")
    first, second, _, last = means
    print()
    print(Promise(what=f"CPU over {first}", found=means[OURS] / means[first], wanted=0.9, aim=0.6))
    print(Promise(what=f"CPU over {second}", found=means[OURS] / means[second], wanted=0.9, aim=0.6))
    print(Promise(what=f"CPU over {last}", found=means[OURS] / means[last], wanted=0.25, aim=0.25))


def _steady(took: list[float], cycle: int) -> float:
    """Median over rounds of the mean over a round's frames."""
    return statistics.median(statistics.mean(took[i : i + cycle]) for i in range(0, len(took), cycle))


def _written_out(frame: np.ndarray, clip: Clip) -> np.ndarray:
    """The recipe with the arithmetic that tutorials show: floats and numpy."""
    mask = cv2.inRange(cv2.cvtColor(frame, cv2.COLOR_BGR2HSV), (35, 60, 40), (85, 255, 255))
    kernel = np.ones((5, 5), np.uint8)
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
    behind = (cv2.GaussianBlur(mask, (5, 5), 0).astype(np.float32) / 255)[..., None]
    return (frame * (1 - behind) + clip.background * behind).astype(np.uint8)


def _ffmpeg_cost(clip: Clip) -> float:
    """Processor seconds a frame, less those of reading the same file."""
    with tempfile.TemporaryDirectory() as folder:
        source, back = Path(folder) / f"clip{clip.ending}", Path(folder) / "back.png"
        source.write_bytes(clip.coded)
        cv2.imwrite(str(back), clip.background)
        keying = baselines.chain(clip, 0.1, 0.08, mix=0.5, expand=0.0)
        full = _cpu(source, back, f"[0:v]{keying}[f];[1:v][f]overlay=shortest=1")
        bare = _cpu(source, back, "[1:v][0:v]overlay=shortest=1:enable=0")
    return (full - bare) / (4 * len(clip.frames))


def _cpu(source: Path, back: Path, graph: str) -> float:
    command = [program(Ffmpeg()), "-hide_banner", "-benchmark", "-threads", "1", "-filter_complex_threads", "1"]
    command += ["-stream_loop", "3", "-i", str(source), "-loop", "1", "-i", str(back)]
    command += ["-filter_complex", graph, "-frames:v", "32", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True).stderr
    found = re.search(r"utime=([\d.]+)s stime=([\d.]+)s", said)
    if found is None:
        raise ValueError(f"ffmpeg did not say what it took: {said[-300:]}")
    return float(found[1]) + float(found[2])


def _table(rows: dict[str, Score]) -> None:
    print(f"{'':<20}" + "".join(f"{field.name:>8}" for field in fields(Score)))
    for way, row in rows.items():
        print(f"{way:<20}" + "".join(f"{value:8.2f}" for value in astuple(row)))
    sys.stdout.flush()


def _median(rows: list[Score]) -> Score:
    return Score(**{f.name: statistics.median(getattr(row, f.name) for row in rows) for f in fields(Score)})


def _keep(folder: Path, clip: Clip, way: str, alpha: np.ndarray, composite: np.ndarray) -> None:
    """Write footage and truth once, and what *way* made of them."""
    here = folder / clip.name
    here.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(here / "_footage.png"), clip.frames[-1])
    cv2.imwrite(str(here / "_truth.png"), over(clip.foregrounds[-1], clip.alphas[-1], clip.background))
    cv2.imwrite(str(here / "_truth_alpha.png"), np.rint(clip.alphas[-1] * 255))
    name = re.sub(r"\W+", "_", way)
    cv2.imwrite(str(here / f"{name}.png"), composite)
    cv2.imwrite(str(here / f"{name}_alpha.png"), np.rint(matting.as_float(alpha) * 255))


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=len(footage.NAMES), help="the first so many clips")
    parser.add_argument("--names", default="", help=f"or these: {', '.join(footage.NAMES)}")
    parser.add_argument("--things", type=int, default=0, metavar="N", help="so many clips of strangers instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--length", type=int, default=16, help="frames a clip")
    parser.add_argument("--stills", type=Path, help="folder for pictures of the last frames")
    parser.add_argument("--speed", action="store_true", help="measure processor time instead")
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
