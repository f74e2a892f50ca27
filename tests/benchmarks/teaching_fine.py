"""Teach the network that mends outlines at full size (`greenscreen.fine`), on footage whose truth is known.

    python -m tests.benchmarks.teaching_fine [--clips 1600] [--seed 600] [--keep FILE.npz] [--out FILE.npz]

The clips are those of `teaching`, whose network must be there before: what is learnt here is what it leaves. Each
clip counts as much as any other, whether it is hard or easy; else the hardest would be learnt from alone, at the
cost of clean footage. Some five seconds a clip, and half a minute to learn. The one in the package was taught on the
first 1060 of them; taught on all, with the `outline` of now, it errs by 1 % less on them and by as much on others.

Of networks with 8, 12, 16 and 24 numbers in their layer, the second errs as little as the third, and the last by 2 %
less; with two layers of 24 and 12, or 48 and 24, it is 3 and 6 % less, at three and seven times the cost. Told of
shares two pixels away, or of those before `outline` mended them, it errs by 1 to 3 % less. Told of the hints of its
block, it errs by 5 % less on clips that are held out, and on those of the benchmark as much as before: it learns this
footage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from greenscreen import fine, plate
from greenscreen.facts import FINE
from greenscreen.keyer import Keyer
from greenscreen.plate import Plate
from tests.benchmarks import teaching
from tests.benchmarks.teaching import Lessons

PACKAGE = Path(fine.__file__).parent / "models" / "fine.npz"

_A_FRAME = 900
_GUIDED = slice(9, 13)
"""Where the share of speaker, as brightness tells it, stands in what is told."""


def lessons(seed: int, count: int) -> Iterator[Lessons]:
    """Draw *count* clips, and yield what is open in each; the truth is of four pixels each."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        clip = teaching.drawn(rng, seed * 1000 + number, number)
        empty = plate.take(clip.plate_frames) if number % 5 else None
        yield from of_clip(clip.frames, clip.alphas, empty, number, rng)


def of_clip(
    frames: Sequence[np.ndarray],
    alphas: Sequence[np.ndarray],
    empty: Plate | None,
    number: int,
    rng: np.random.Generator,
) -> Iterator[Lessons]:
    """Yield what is open in each frame but the first, whose noise is not yet stilled."""
    with Pupil(plate=empty) as keyer:
        for at, (frame, truth) in enumerate(zip(frames, alphas, strict=True)):
            told = keyer.looks_at(frame)
            height, width = (n // 2 for n in truth.shape)
            rows, columns = np.nonzero(fine.is_open(told[:height, :width]))
            if at == 0 or not len(rows):
                continue
            some = rng.choice(len(rows), min(len(rows), _A_FRAME), replace=False)
            rows, columns = rows[some], columns[some]
            quarters = [truth[2 * rows + down, 2 * columns + along] for down in (0, 1) for along in (0, 1)]
            yield Lessons(told=told[rows, columns], truth=np.stack(quarters, axis=1), clip=np.full(len(some), number))


class Pupil(Keyer):
    """Our keyer, of which can be seen what its outlines are mended by."""

    def looks_at(self, frame: np.ndarray) -> np.ndarray:
        """What describes each pixel of a *frame* at half size; noughts where nothing is open."""
        height, width = (max(32, n + -n % 8) // 2 for n in frame.shape[:2])
        self._told = np.zeros((height, width, FINE), np.float32)
        self.key(frame)
        return self._told


def taught(seen: Lessons, *, steps: int = 10000, seed: int = 0) -> dict[str, np.ndarray]:
    """The network that is least wrong about what was *seen*, by its names in the file."""
    import torch  # for teaching alone

    torch.manual_seed(seed)
    middle, spread = seen.told.mean(axis=0), seen.told.std(axis=0) + 1e-3
    facts = torch.tensor((seen.told - middle) / spread)
    found, truth = torch.tensor(seen.told[:, _GUIDED]).clamp(0, 1), torch.tensor(seen.truth)
    weight = torch.tensor(teaching.counted(seen, found.numpy(), power=1))
    layers = [torch.nn.Linear(FINE, fine.HIDDEN), torch.nn.Linear(fine.HIDDEN, 4)]
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
    batch = 4096

    def errors() -> torch.Tensor:
        some = torch.randint(0, len(facts), (batch,))
        # Blurred a little, so that it cannot tell one clip from another by heart.
        blurred = facts[some] + 0.05 * torch.randn(batch, FINE)
        return teaching.squares(found[some] + network(blurred), truth[some]).mean(dim=1) * weight[some]

    teaching.descend(network, errors, steps)
    w0, b0, w1, b1 = (p.detach().numpy() for p in network.parameters())
    w0 = w0 / spread
    return {"w0": w0.T, "b0": b0 - w0 @ middle, "w1": w1.T, "b1": b1}


def said(told: np.ndarray, network: dict[str, np.ndarray]) -> np.ndarray:
    """By how much a *network* mends each of the four pixels of what was *told*, as `fine.mend` does."""
    return np.asarray(np.maximum(0, told @ network["w0"] + network["b0"]) @ network["w1"] + network["b1"])


def off(seen: Lessons, network: dict[str, np.ndarray] | None) -> np.ndarray:
    """Mean squared error of each clip *seen*, as it was found or as a *network* mends it; thousandths."""
    share = seen.told[:, _GUIDED] + (0 if network is None else said(seen.told, network))
    each = np.square(np.clip(share, 0, 1) - seen.truth).mean(axis=1)
    return np.array([each[seen.clip == clip].mean() for clip in np.unique(seen.clip)]) * 1e3


def report(seen: Lessons, network: dict[str, np.ndarray]) -> str:
    """How much better a *network* makes what was *seen*, in a few words."""
    before, after = off(seen, None), off(seen, network)
    return (
        f"{len(before)} clips, mean squared error {before.mean():.2f} → {after.mean():.2f}; "
        f"of each clip {np.median(after / before):.3f} times"
    )


if __name__ == "__main__":
    teaching.teach(__doc__, PACKAGE, lessons, taught, report)
