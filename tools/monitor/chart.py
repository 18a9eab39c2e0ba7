"""The chart of a run: the losses over the steps, the board and engine, and the invented names."""

import io
import math
import textwrap

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

INCHES = (8, 4.5)
DPI = 150  # 1200 × 675 pixels
GREY = "#8a8f98"
DOTS = {"color": GREY, "linestyle": "", "marker": ".", "markersize": 4, "alpha": 0.5}
AVG = {"color": "#0b6e99", "linewidth": 2}
HELD = {"color": "#c2410c", "linewidth": 2, "marker": "o", "markersize": 4}


def render(log, form):
    """Return the chart of the Log's run as the bytes of a file; `form` is "png", "svg" or "pdf".
    The run must have a Record."""
    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "esp32gpt"}):  # the same run, the same file
        metadata = {"Date": None} if form == "svg" else None
        draw(log).savefig(content, format=form, metadata=metadata)
    return content.getvalue()


def draw(log):
    """Return the chart of the Log's run as a matplotlib Figure. The run must have a Record."""
    run = log.run
    figure = Figure(INCHES, DPI, layout="constrained")
    axes = figure.add_subplot()
    steps = [record.step for record in run.records]
    curves = (
        ("one name's loss", DOTS, [(r.step, r.loss) for r in run.records]),
        ("mean of the last 100: {:.3f}", AVG, [(r.step, r.avg) for r in run.records]),
        ("names held out: {:.3f}", HELD, run.measured),
    )
    for label, style, points in curves:
        points = [point for point in points if math.isfinite(point[1])]
        if points:
            axes.plot(*zip(*points, strict=True), **style, label=label.format(points[-1][1]))
    if run.guessing is not None:
        axes.axhline(run.guessing, color=GREY, linestyle="--", linewidth=1)
        axes.annotate(
            f"guessing: ln {run.letters + 1} = {run.guessing:.2f}",
            (1, run.guessing),
            (-4, 4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=GREY,
            fontsize=9,
        )
    axes.set(xlabel="step, one name each", ylabel="loss (nats a letter)")
    left = min(run.first, steps[0])
    axes.set_xlim(left, max(run.until or 0, steps[-1], left + 1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="best", fontsize=9)
    axes.set_title(title(log), loc="left", fontsize=10, parse_math=False)
    figure.suptitle("A GPT learns names", x=0.01, ha="left", fontsize=15, fontweight="bold")
    figure.supxlabel(inventions(log.samples), x=0.01, ha="left", fontsize=10, parse_math=False)
    return figure


def title(log):
    """Return the chart's title as text, with line breaks: the board, the engine, and the final
    held-out loss, each if known."""
    parts = [log.board, f"engine: {log.engine}" if log.engine else ""]
    if log.run.held_out is not None:
        parts.append(f"in the end {log.run.held_out:.4f} on names it never saw")
    return "\n".join(textwrap.fill(part, 110) for part in parts if part)


def inventions(samples):
    """Return one line of text with the names of the Samples that are new, "" if there are none.
    Names with letters that the font lacks are left out, and the line is cut at 120 characters."""
    letters = get_font(findfont("sans")).get_charmap()
    new = [
        s.name for s in samples if s.name and not s.known and all(ord(c) in letters for c in s.name)
    ]
    if not new:
        return ""
    return textwrap.shorten("It invented: " + ", ".join(new), 120, placeholder=" …")
