"""How long publishing takes, beside `rclone copy` of the same files to the same server.

    python -m tests.benchmarks.publishing [--megabytes 300] [--rounds 5]

Rounds alternate between the two, each under a fresh prefix, so that a busy machine is as busy for both; medians
and their ratio are what counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from publish.publication import audit
from publish.release import release
from publish.stores import StoreSettings, open_store
from publish.stores.seaweed import Serving, serving
from tests.fixtures.store import make_lecture

AIM = 1.15


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=StoreSettings().at_once)
    asked = parser.parse_args()
    if shutil.which("rclone") is None:
        print("rclone is not installed: there is nothing to compare with")
        return 2
    ours, theirs, seconds_again = [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "lecture")
        # Film, download and player come to twice the film: as in a lecture of three rungs with its MP4.
        make_lecture(folder, film_bytes=asked.megabytes * 1_000_000 // 2, clips=12)
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        count = sum(1 for p in folder.rglob("*") if p.is_file())
        for n in range(asked.rounds + 1):  # the first warms up the disk and the programs, and does not count
            with serving(Path(scratch, f"s3-{n}"), bucket="lectures") as server:
                pair = [_ours, _theirs] if n % 2 else [_theirs, _ours]
                took = {run: run(folder, server, asked.at_once) for run in pair}
                again = _again(folder, server)
            shutil.rmtree(Path(scratch, f"s3-{n}"))
            if n:
                ours.append(took[_ours])
                theirs.append(took[_theirs])
                seconds_again.append(again)
                print(f"round {n}: flipcast {ours[-1]:.2f} s, rclone {theirs[-1]:.2f} s, again {again:.2f} s")
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"{count} files, {size / 1e6:.0f} MB, medians of {asked.rounds}")
    print(f"flipcast {statistics.median(ours):.2f} s, rclone {statistics.median(theirs):.2f} s: {ratio:.2f} x")
    print(f"published again, unchanged: {statistics.median(seconds_again):.2f} s")
    print(f"aim: at most {AIM} x: {'reached' if ratio <= AIM else 'MISSED'}")
    return 0 if ratio <= AIM else 1


def _ours(folder: Path, server: Serving, at_once: int) -> float:
    """Seconds to publish, from start to proof."""
    began = time.perf_counter()
    with open_store(f"s3://{server.bucket}/ours", StoreSettings(at_once=at_once)) as store:
        published = release(folder, store, name="lecture")
    took = time.perf_counter() - began
    with open_store(f"s3://{server.bucket}/ours") as store:
        audit(published, store)
    return took


def _theirs(folder: Path, server: Serving, at_once: int) -> float:
    """Seconds of `rclone copy` with as many transfers at once."""
    environment = {
        **{k: v for k, v in os.environ.items() if k != "AWS_CA_BUNDLE"},  # rclone 1.60 stops at it
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_CONFIG_HERE_TYPE": "s3",
        "RCLONE_CONFIG_HERE_PROVIDER": "Other",
        "RCLONE_CONFIG_HERE_ENV_AUTH": "true",
        "RCLONE_CONFIG_HERE_ENDPOINT": server.endpoint_url,
        "RCLONE_CONFIG_HERE_FORCE_PATH_STYLE": "true",
        "RCLONE_S3_NO_CHECK_BUCKET": "true",
    }
    command = ["rclone", "copy", str(folder), f"here:{server.bucket}/theirs", f"--transfers={at_once}", "-q"]
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - began


def _again(folder: Path, server: Serving) -> float:
    """Seconds to publish the same once more."""
    began = time.perf_counter()
    with open_store(f"s3://{server.bucket}/ours") as store:
        assert release(folder, store, name="lecture").uploaded == 0
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
