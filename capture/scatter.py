"""How errors are scattered: their middle, their spread and their slope, in a memory that does not grow."""

from __future__ import annotations

import numpy as np


class Scatter:
    """Errors, counted in bins and summed for their slope.

    >>> scatter = Scatter(bin_ms=0.5, widest_ms=10)
    >>> for second in range(120):
    ...     scatter.add(1.0 + second % 2, second)
    >>> scatter.summed_up()[:2]
    (1.0, 1.0)
    """

    def __init__(self, *, bin_ms: float, widest_ms: float) -> None:
        """Told to *bin_ms* milliseconds; an error larger than *widest_ms* counts as that large."""
        self._bin_ms, self._widest_ms = bin_ms, widest_ms
        self._bins = np.zeros(int(2 * widest_ms / bin_ms) + 1, np.int64)
        self._sums = np.zeros(4)
        self._began: float | None = None

    def add(self, error_ms: float, at: float) -> None:
        """There was an error of *error_ms* milliseconds at the second *at*."""
        error_ms = max(-self._widest_ms, min(self._widest_ms, error_ms))
        self._bins[round((error_ms + self._widest_ms) / self._bin_ms)] += 1
        self._began = at if self._began is None else self._began
        minutes = (at - self._began) / 60
        self._sums += (minutes, error_ms, minutes * minutes, minutes * error_ms)

    @property
    def count(self) -> int:
        """Errors so far."""
        return int(self._bins.sum())

    def summed_up(self) -> tuple[float, float, float] | None:
        """Median, how far from it 95 % lie, and the slope a minute; milliseconds. ``None`` before there was one."""
        count = self.count
        if not count:
            return None
        at_ms = np.arange(len(self._bins)) * self._bin_ms - self._widest_ms
        median = float(at_ms[np.searchsorted(np.cumsum(self._bins), count / 2)])
        away = np.abs(at_ms - median)
        order = np.argsort(away, kind="stable")
        spread = float(away[order][np.searchsorted(np.cumsum(self._bins[order]), 0.95 * count)])
        minutes, errors, squares, products = self._sums
        under = count * squares - minutes * minutes
        return median, spread, float((count * products - minutes * errors) / under) if under > 1e-9 else 0.0
