"""What the measured curves of a stage come to, as text for the cards."""

from __future__ import annotations

import math

import numpy as np

from emotalker.widgets.plots import LossPlot, Series, smoothed
from emotalker.widgets.training import words
from emotalker.widgets.training.trend import Trend, trend

STRENGTH = 0.9
Figures = dict[str, tuple[str, str]]


def figures_of(plot: LossPlot, stage: str) -> Figures:
    """Figure and remark for each card of a stage: loss, best, quality and gaussians; empty where nothing is known."""
    found: Figures = dict.fromkeys(("loss", "best", "quality", "gaussians"), ("", ""))
    loss = plot.series(stage, "loss")
    if loss is not None and len(loss):
        found["loss"], found["best"] = _loss(loss)
    psnr, error = plot.series(stage, "psnr"), plot.series(stage, "error_mm")
    if psnr is not None and len(psnr):
        found["quality"] = (f"{_now(psnr):.1f} dB", f"{_now(psnr) - _start(psnr):+.1f} dB so far")
    elif error is not None and len(error):
        found["quality"] = (f"{_now(error):.2f} mm", f"{_now(error) - _start(error):+.2f} so far")
    count = plot.series(stage, "gaussians")
    if count is not None and len(count):
        now, first = count.latest[1], _start(count)
        found["gaussians"] = (words.count(now), f"{now - first:+,.0f} so far" if now != first else "unchanged")
    return found


def trend_of(plot: LossPlot, stage: str) -> Trend | None:
    """The trend of a stage's total loss; None without one."""
    loss = plot.series(stage, "loss")
    if loss is None or not len(loss):
        return None
    curve = loss.curve()
    return trend(curve.centres, curve.means)


def _loss(loss: Series) -> tuple[tuple[str, str], tuple[str, str]]:
    curve = loss.curve()
    smooth = smoothed(curve, STRENGTH)
    at = int(np.argmin(smooth))
    now, start = float(smooth[-1]), float(smooth[0])
    remark = f"{(now - start) / abs(start):+.0%} so far" if start else ""
    if loss.not_finite or not math.isfinite(loss.latest[1]):
        remark = f"{loss.not_finite} values were no numbers"
    return (words.number(now), remark), (words.number(float(smooth[at])), f"at step {curve.centres[at]:,.0f}")


def _now(series: Series) -> float:
    return float(smoothed(series.curve(), STRENGTH)[-1])


def _start(series: Series) -> float:
    return float(series.curve().means[0])
