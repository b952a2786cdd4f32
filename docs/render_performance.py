"""Draw ``docs/performance.svg`` from the figures that ``benchmarks.speed`` wrote.

python docs/render_performance.py SPEED.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

# After Okabe and Ito: told apart by the colour-blind, too.
_LINES = {"with the reader": ("read", "#0072B2"), "by words alone": ("plain", "#D55E00")}


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("figures", type=Path, help="what `python -m benchmarks.speed --json` wrote")
    options = parser.parse_args()
    rows = json.loads(options.figures.read_text(encoding="utf-8"))
    sizes = [row["passages"] for row in rows]
    # The same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": "performance", "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name, (key, colour) in _LINES.items():
            median, slow = ([row[f"{key}_{which}_ms"] for row in rows] for which in ("p50", "p95"))
            axes.plot(sizes, median, "o-", color=colour, label=f"{name}, p50")
            axes.plot(sizes, slow, "o:", color=colour, label=f"{name}, p95")
        axes.set(xscale="log", xlabel="passages", ylabel="milliseconds of a warm answer", ylim=(0, None))
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
        figure.savefig(Path(__file__).with_name("performance.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
