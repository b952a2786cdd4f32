"""Draw ``docs/quality_risk_coverage.svg`` from the figures that ``benchmarks.quality`` wrote.

python docs/render_quality.py QUALITY.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# After Okabe and Ito: told apart by the colour-blind, too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# Risk among fewer answers than this is chance.
_LEAST_COVERAGE = 0.05


def draw_risk(axes: Axes, sets: list[dict[str, Any]]) -> None:
    """How many answers are wrong, for each share of questions that are answered."""
    for colour, one in zip(_COLOURS, sets, strict=False):
        points = zip(one["trust"]["coverage"], one["trust"]["risk"], strict=True)
        shown = [(coverage, risk) for coverage, risk in points if coverage >= _LEAST_COVERAGE]
        axes.plot(*zip(*shown, strict=True), color=colour, label=one["name"])
        answered = sum(not asked["abstained"] for asked in one["asked"])
        if answered:
            place = answered - 1
            axes.plot(one["trust"]["coverage"][place], one["trust"]["risk"][place], "o", color=colour, clip_on=False)
    axes.set(title="Risk and coverage", xlabel="share of questions answered", ylabel="share of answers that are wrong")


def draw_reliability(axes: Axes, sets: list[dict[str, Any]]) -> None:
    """How often questions of a confidence can be answered."""
    axes.plot((0, 1), (0, 1), color="#999999", linestyle=":")
    for colour, one in zip(_COLOURS, sets, strict=False):
        bins = one["trust"]["bins"]
        confidence, answerable = [b["confidence"] for b in bins], [b["answerable"] for b in bins]
        axes.plot(confidence, answerable, "o-", markersize=4, color=colour, clip_on=False)
    axes.set(title="Reliability", xlabel="confidence", ylabel="share of questions that can be answered")


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("figures", type=Path, help="what `python -m benchmarks.quality --json` wrote")
    options = parser.parse_args()
    rows = json.loads(options.figures.read_text(encoding="utf-8"))
    sets = [row for row in rows if row["trust"]]
    # The same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "quality", "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 5), layout="constrained")
        for axes, draw in zip(figure.subplots(1, 2), (draw_risk, draw_reliability), strict=True):
            draw(axes, sets)
            axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        figure.legend(loc="outside lower center", ncols=len(sets), frameon=False)
        figure.savefig(Path(__file__).with_name("quality_risk_coverage.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
