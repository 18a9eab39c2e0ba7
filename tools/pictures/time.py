"""Draws what time buys: the held-out loss over the time that a chip trains, for each shape.

time.jsonl, beside this file, has a line of `esp32gpt learn` for each point, with the seconds.
"""

import io
import json
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

POINTS = Path(__file__).with_suffix(".jsonl")
STYLES = {
    "default": {"color": "#0b6e99", "marker": "o"},
    "large": {"color": "#c2410c", "marker": "s"},
}
# Where the loss stands beside a point: left of it and below, or right of it and above.
PLACES = {
    "default": {"xytext": (-5, -5), "ha": "right", "va": "top"},
    "large": {"xytext": (5, 4), "ha": "left", "va": "bottom"},
}


def draw():
    """Return the picture, made from time.jsonl, as the text of an SVG file."""
    points = [json.loads(line) for line in POINTS.read_text(encoding="utf-8").splitlines()]
    figure = Figure((8, 4), layout="constrained")
    axes = figure.add_subplot()
    for shape, style in STYLES.items():
        curve = sorted((p["seconds"], p["held_out"]) for p in points if p["shape"] == shape)
        axes.plot(*zip(*curve, strict=True), **style, label=f"{shape} shape")
        for seconds, loss in curve:
            place = PLACES[shape]
            axes.annotate(
                f"{loss:.2f}",
                (seconds, loss),
                textcoords="offset points",
                color=style["color"],
                **place,
            )
    axes.set(xscale="log", xlabel="seconds of training on an ESP32", ylabel="held-out loss (nats)")
    axes.set_xticks([2, 10, 60, 180, 600], ["2", "10", "60", "180", "600"])
    axes.minorticks_off()
    axes.margins(0.08)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "esp32gpt"}):  # the same points, the same file
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue().decode()
