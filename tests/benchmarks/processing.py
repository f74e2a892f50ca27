"""Processor seconds of ``flipcast process``, against the same outputs by ffmpeg commands; quality against plain x264.

    python -m tests.benchmarks.processing [--minutes 10] [--rounds 3] [--no-quality]

Ratios within one run, rounds interleaved, medians. The peers:

* *separate*: what others do: a command each for three rungs, two-pass loudnorm, sprite, scene analysis, sound for
  recognition;
* *single*: one hand-written command that makes all of them at once, handed the gain for free.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

EXE = imageio_ffmpeg.get_ffmpeg_exe()
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "flipcast" / "sample"
X264 = "-c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p -sc_threshold 0".split()
KEYS = ["-force_key_frames", "expr:gte(t,n_forced*4)"]
_AAC = "-c:a aac -b:a 128k -ac 2 -ar 48000".split()
CAPS = {1080: 6000, 720: 3266, 360: 1155}


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--quality", action=argparse.BooleanOptionalAction, default=True)
    asked.add_argument("--memory", action=argparse.BooleanOptionalAction, default=False, help="2 h against 10 min")
    asked.add_argument("--folder", type=Path, help="keep the films here")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if given.memory:
            _memory(folder, Path(scratch))
            return
        encoded = lecture(folder / f"lecture-{given.minutes:g}.mp4", seconds=given.minutes * 60, keys=12)
        copied = lecture(folder / f"copyable-{given.minutes:g}.mp4", seconds=given.minutes * 60, keys=4)
        rows: dict[str, list[float]] = {}
        for number in range(given.rounds):
            for name, source in (("encode", encoded), ("copy", copied)):
                work = Path(scratch) / f"{name}-{number}"
                work.mkdir()
                for peer, run in (("flipcast", flipcast), ("separate", separate), ("single", single)):
                    cpu, wall = run(source, work / peer)
                    rows.setdefault(f"{name}/{peer}", []).append(cpu)
                    print(f"round {number + 1}  {name:<7} {peer:<9} {cpu:7.1f} CPU s  {wall:7.1f} s wall", flush=True)
        middle = {key: statistics.median(values) for key, values in rows.items()}
        print(f"\n{given.minutes:g} minutes of 1080p25, median of {given.rounds}, CPU seconds as ratios")
        for name in ("encode", "copy"):
            ours = middle[f"{name}/flipcast"]
            for peer in ("separate", "single"):
                print(f"  {name:<7} flipcast / {peer:<9} {ours / middle[f'{name}/{peer}']:.3f}")
        if given.quality:
            _quality(Path(scratch) / "encode-0" / "flipcast", encoded, Path(scratch), seconds=given.minutes * 60)


def lecture(path: Path, *, seconds: float, keys: float) -> Path:
    """A lecture made up: slides that build, a noisy inset where somebody moves, a pointer, quiet speech with pauses.

    *keys* is the distance of its keyframes, seconds: beyond 10 it cannot serve as a rung and is encoded.
    """
    if path.exists():
        return path
    if seconds > 120:  # two minutes again and again: to make more would take longer than to measure
        part = lecture(path.with_name(f"part-{keys:g}.mp4"), seconds=120, keys=keys)
        voice = ["-stream_loop", "-1", "-i", str(SAMPLE / "speech.flac"), "-map", "0:v", "-map", "1:a"]
        loop = [EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-stream_loop", str(int(seconds / 120))]
        part = _without_sound(part)
        loop += ["-i", str(part), *voice, "-t", str(seconds), "-c:v", "copy", "-af", "volume=-14dB", *_AAC, str(path)]
        subprocess.run(loop, check=True)
        return path
    slides = sorted(SAMPLE.glob("slide-*.png"))
    listing = path.with_suffix(".slides.txt")
    shown = [f"file '{slides[n % len(slides)]}'\nduration 15" for n in range(int(seconds / 15) + 2)]
    listing.write_text("\n".join(shown) + "\n")
    graph = (
        "[0:v]fps=25,scale=1920:1080,format=yuv420p[s];"
        "[1:v]noise=alls=2:allf=t,format=yuv420p[n];"
        "[2:v]format=rgba[p];"
        "[s][n]overlay=x=1500:y=760:eval=init[o];"
        "[o][p]overlay=x='960+700*sin(t/7)':y='500+300*sin(t/5)':shortest=0[v]"
    )
    command = [
        *(EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
        *("-f", "concat", "-safe", "0", "-i", str(listing)),
        *("-f", "lavfi", "-i", "gradients=size=384x288:rate=25:speed=0.03:n=4"),
        *("-f", "lavfi", "-i", "color=red@0.8:size=14x14:rate=25"),
        *("-stream_loop", "-1", "-i", str(SAMPLE / "speech.flac")),
        *("-filter_complex", graph + ";[3:a]volume=-14dB[a]", "-map", "[v]", "-map", "[a]", "-t", str(seconds)),
        *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "22", "-g", str(round(keys * 25))),
        *("-bf", "0", "-profile:v", "high", "-maxrate", "3500k", "-bufsize", "7000k"),
        *(*_AAC, str(path)),
    ]
    subprocess.run(command, check=True)
    return path


def _without_sound(film: Path) -> Path:
    """Its picture alone: sound is a little longer than that, and would leave a gap at each repetition."""
    silent = film.with_name(f"silent-{film.name}")
    subprocess.run([EXE, "-loglevel", "error", "-nostdin", "-y", "-i", film, "-an", "-c", "copy", silent], check=True)
    return silent


def flipcast(source: Path, folder: Path) -> tuple[float, float]:
    """The whole command, as a user types it, with all its proof."""
    library = folder / "library"
    command = [sys.executable, "-m", "flipcast", "process", str(source), "--captions", "off", "--library", str(library)]
    return _spent([command])


def separate(source: Path, folder: Path) -> tuple[float, float]:
    """Every output by a command of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    base = [EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i", str(source)]
    commands = []
    for height, cap in CAPS.items():
        scale = [] if height == 1080 else ["-vf", f"scale=-2:{height}"]
        rate = ["-maxrate", f"{cap}k", "-bufsize", f"{cap * 2}k"]
        commands.append([*base, "-an", *scale, *X264, *rate, *KEYS, str(folder / f"r{height}.mp4")])
    norm = "loudnorm=I=-16:TP=-1:LRA=11"
    commands.append([*base, "-vn", "-af", f"{norm}:print_format=json", "-f", "null", "-"])
    measured = ":measured_I=-34:measured_TP=-15:measured_LRA=5:measured_thresh=-45:linear=true"
    commands.append(
        [*base, "-vn", "-af", norm + measured, "-ar", "48000", "-c:a", "aac", "-b:a", "96k", str(folder / "a.m4a")]
    )
    commands.append([*base, "-an", "-vf", "fps=1/10,scale=192:-2,tile=10x10", "-q:v", "5", str(folder / "s%d.jpg")])
    commands.append([*base, "-an", "-vf", "scale=320:-2,select='gt(scene,0.06)',metadata=print", "-f", "null", "-"])
    commands.append([*base, "-vn", "-ac", "1", "-ar", "16000", str(folder / "asr.wav")])
    return _spent(commands)


def single(source: Path, folder: Path) -> tuple[float, float]:
    """All outputs by one command, the gain known beforehand."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = (
        "[0:v]split=5[a][b][c][d][e];[b]scale=-2:720[b1];[c]scale=-2:360[c1];"
        "[d]fps=1/10,scale=192:-2,tile=10x10[d1];[e]fps=2,scale=192:-2[e1];"
        "[0:a]asplit=2[x][y];[x]volume=18dB,alimiter=limit=0.83:level=false[x1];[y]aresample=16000[y1]"
    )
    command = [EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i", str(source), "-filter_complex", graph]
    for (height, cap), label in zip(CAPS.items(), ("[a]", "[b1]", "[c1]"), strict=True):
        rate = ["-maxrate", f"{cap}k", "-bufsize", f"{cap * 2}k"]
        command += ["-map", label, *X264, *rate, *KEYS, str(folder / f"r{height}.mp4")]
    command += ["-map", "[d1]", "-q:v", "5", str(folder / "s%d.jpg")]
    command += ["-map", "[e1]", "-pix_fmt", "bgr24", "-f", "rawvideo", os.devnull]
    command += ["-map", "[x1]", "-c:a", "aac", "-b:a", "96k", str(folder / "a.m4a")]
    command += ["-map", "[y1]", "-ac", "1", str(folder / "asr.wav")]
    return _spent([command])


def _spent(commands: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Processor and wall seconds of *commands* with all their children."""
    code = (
        "import json, resource, subprocess, sys, time\n"
        "t = time.monotonic()\n"
        "for c in json.loads(sys.argv[1]):\n"
        "    subprocess.run(c, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([u.ru_utime + u.ru_stime, time.monotonic() - t, u.ru_maxrss]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([list(map(str, c)) for c in commands])],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    cpu, wall, _ = json.loads(done.stdout)
    return cpu, wall


def _quality(made: Path, source: Path, scratch: Path, *, seconds: float) -> None:
    """VMAF of each rung against plain x264 veryfast CRF 23 of the same size, and the bytes of both."""
    home = next((made / "library").glob("*/lecture"))
    print("\nVMAF, median and 5th percentile, every 5th picture; bytes as a ratio")
    for height in CAPS:
        plain = scratch / f"plain-{height}.mp4"
        base = [EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-i", str(source), "-an"]
        subprocess.run([*base, "-vf", f"scale=-2:{height}:flags=bicubic", *X264, *KEYS, str(plain)], check=True)
        ours = home / f"v{height}p.mp4"
        (m1, p1), (m2, p2) = (_vmaf(film, source, scratch) for film in (ours, plain))
        ratio = ours.stat().st_size / plain.stat().st_size
        print(f"  {height:>4}p  flipcast {m1:.2f} {p1:.2f}   x264 {m2:.2f} {p2:.2f}   bytes {ratio:.3f}", flush=True)


def _vmaf(film: Path, source: Path, scratch: Path, *, most: float = 120) -> tuple[float, float]:
    log = scratch / "vmaf.json"
    # Both are called the same colours, as they are: one says so and the other nothing, and ffmpeg would convert it.
    same = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709,setpts=PTS-STARTPTS"
    graph = (
        f"[0:v]{same},scale=1920:1080:flags=bicubic[a];[1:v]{same}[b];"
        f"[a][b]libvmaf=log_fmt=json:log_path={log}:n_subsample=5:n_threads=2"
    )
    command = [EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-t", str(most), "-i", str(film)]
    command += ["-t", str(most), "-i", str(source), "-lavfi", graph, "-f", "null", "-"]
    subprocess.run(command, check=True)
    scores = sorted(frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"])
    return statistics.median(scores), scores[len(scores) // 20]


def _memory(folder: Path, scratch: Path) -> None:
    """Highest memory of the whole tree of processes, two hours of 720p against ten minutes, made of the same minute."""
    minute = lecture(folder / "lecture-1.mp4", seconds=60, keys=12)
    small = folder / "small-1.mp4"
    quiet = [EXE, "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    subprocess.run([*quiet, "-i", minute, "-vf", "scale=-2:720", *X264, "-g", "300", "-c:a", "copy", small], check=True)
    peaks = {}
    for minutes in (10, 120):
        source = folder / f"loop-{minutes}.mp4"
        subprocess.run([*quiet, "-stream_loop", str(minutes - 1), "-i", small, "-c", "copy", source], check=True)
        command = [sys.executable, "-m", "flipcast", "process", source, "--captions", "off"]
        peaks[minutes] = _peak([*command, "--library", scratch / f"memory-{minutes}"])
        print(f"{minutes} minutes: {peaks[minutes] / 1e6:.0f} MB at the most", flush=True)
    print(f"{peaks[120] / peaks[10]:.3f} x")


def _peak(command: Sequence[str | Path]) -> int:
    """Highest sum of resident bytes of *command* and all its children, looked at five times a second."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        highest = 0
        while process.poll() is None:
            highest = max(highest, _resident(process.pid))
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return highest


def _resident(pid: int) -> int:
    found = 0
    try:
        found = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:  # ended meanwhile
        return found
    return found + sum(_resident(int(child)) for child in children)


if __name__ == "__main__":
    main()
