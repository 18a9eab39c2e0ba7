"""Draw the model: the kernel calls of one forward pass, the weights that they read, and the shapes
of their outputs. The calls are recorded from a real pass, so the picture follows the code."""

from array import array
from collections import namedtuple
from html import escape

from esp32gpt import tables
from esp32gpt.config import Config
from esp32gpt.kernels import reference
from esp32gpt.model import Model

# One call: the kernel's name, [(name, rows, cols)] of the weights that it read, the name and the
# columns of its output, and the numbers of the earlier calls that wrote its inputs.
Call = namedtuple("Call", "kernel weights output cols sources")

WIDTH, BOX, STEP, TOP = 640, 34, 50, 104
LEFT, BOX_WIDTH = 90, 360
FONT = "font-family='ui-sans-serif, Helvetica, Arial, sans-serif'"
INK, FAINT, LINE, SKIP = "#1f2933", "#64707d", "#9aa5b1", "#c2410c"
FILLS = {"linear": "#d7e9f7", "embed": "#d7e9f7", "attention": "#fde8c8", "residual": "#f7ddd3"}


class Recorder:
    """Stands for the reference engine, with a record of every forward call: `calls` is the list of
    Calls. Set `model` to the Model that uses this engine before its first forward pass. `writer`
    maps the id of a buffer to the number of the last call that wrote it."""

    def __init__(self, config):
        self.config = config
        self.calls = []
        self.writer = {}  # id of a buffer: the number of the last call that wrote it

    def __getattr__(self, name):
        kernel = getattr(reference, name)
        return (lambda *args: self._note(name, args)) if name.endswith("_forward") else kernel

    def _name(self, buffer):
        """Return the name of a buffer in the tables of the Config, or None."""
        for prefix, owner in [("", self.model)] + [
            (f"layer{i}.", layer) for i, layer in enumerate(self.model.layers)
        ]:
            for name, value in vars(owner).items():
                if value is buffer:
                    return prefix + name
        return None

    def _note(self, name, args):
        named = [self._name(a) for a in args]
        weights = [row for row in tables.parameters(self.config) if row[0] in named]
        output = named[0]
        cols = next(cols for kind, _, cols in tables.activations(self.config) if kind == output)
        if output == "logits":  # until the last call, this buffer holds a layer's branch
            is_last = weights[0][0] == "lm_head"
            output = output if is_last else "branch"
            cols = self.config.vocab_size if is_last else self.config.n_embd
        sources = [self.writer[id(a)] for a in args[1:] if id(a) in self.writer]
        self.writer[id(args[0])] = len(self.calls)
        relu = " with ReLU" if name == "linear_forward" and args[-1] else ""
        self.calls.append(Call(name + relu, weights, output, cols, sources))
        return getattr(reference, name)(*args)


def record(config):
    """Return a list of the Calls of one forward pass, over a full context, of a new model with this
    Config."""
    recorder = Recorder(config)
    recorder.model = Model(config, recorder)
    recorder.model.forward(array("i", [0] * config.block_size), 0, config.block_size)
    return recorder.calls


def draw(config=None):
    """Return the picture of a model with this Config (None: the default) as the text of an SVG
    file."""
    config = config or Config()
    calls = record(config)
    height = TOP + STEP * len(calls) + 60
    center = LEFT + BOX_WIDTH / 2
    shapes = [
        heading(config),
        *layers(calls),
        text(center, TOP - 22, "a name's letters", anchor="middle"),
    ]
    for i, call in enumerate(calls):
        shapes += box(i, call)
        shapes += [skip(source, i) for source in call.sources if source < i - 1]
    shapes.append(
        text(
            LEFT - 56,
            height - 24,
            f"T ≤ {config.block_size} letters at once. The backward pass is the mirror image.",
            FAINT,
            12,
        )
    )
    tips = "".join(
        f"<marker id='{name}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' "
        f"orient='auto'><path d='M0 0 8 4 0 8z' fill='{color}'/></marker>"
        for name, color in (("next", LINE), ("skip", SKIP))
    )
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {FONT}>\n"
        f"<defs>{tips}</defs>\n<rect width='{WIDTH}' height='{height}' fill='white'/>\n"
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def heading(config):
    """Return the SVG of the picture's title and of the model's shape, as text."""
    shape = (
        f"{tables.count(config):,} parameters: {config.n_layer} layer, {config.n_head} heads, "
        f"{config.n_embd} channels, {config.vocab_size} tokens"
    )
    return text(LEFT - 56, 34, "esp32gpt, one forward pass", size=20, bold=True) + text(
        LEFT - 56, 56, shape, FAINT
    )


def y_of(i):
    """Return the y coordinate of the top of the box of call i."""
    return TOP + STEP * i


def box(i, call):
    """Return the SVG of call number i, as a list of texts: a box with its kernel and weights, an
    arrow from the box above, and the output's name and shape on the right."""
    y, middle = y_of(i), y_of(i) + BOX / 2
    fill = FILLS.get(call.kernel.split("_")[0], "#eef1f4")
    weights = " + ".join(
        f"{name.split('.')[-1]} ({rows}, {cols})" for name, rows, cols in call.weights
    )
    return [
        arrow(LEFT + BOX_WIDTH / 2, y - STEP + BOX, y),
        f"<rect x='{LEFT}' y='{y}' width='{BOX_WIDTH}' height='{BOX}' rx='6' fill='{fill}' "
        f"stroke='{LINE}'/>",
        text(LEFT + 14, middle + 5, call.kernel),
        text(LEFT + BOX_WIDTH - 14, middle + 5, weights, FAINT, 12, anchor="end"),
        text(LEFT + BOX_WIDTH + 14, middle + 5, f"{call.output.split('.')[-1]} (T, {call.cols})"),
    ]


def arrow(x, y1, y2):
    """Return the SVG of an arrow from (x, y1) down to (x, y2), as text."""
    return f"<path d='M{x} {y1}V{y2}' stroke='{LINE}' marker-end='url(#next)'/>"


def skip(source, i):
    """Return the SVG of the arrow of a residual connection, as text. It goes from the call with the
    number `source` to call number i."""
    y1, y2 = y_of(source) + BOX / 2, y_of(i) + BOX / 2
    bend = LEFT - 34
    return (
        f"<path d='M{LEFT} {y1}H{bend + 10}Q{bend} {y1} {bend} {y1 + 10}V{y2 - 10}Q{bend} {y2} "
        f"{bend + 10} {y2}H{LEFT}' fill='none' stroke='{SKIP}' stroke-width='1.5' "
        "marker-end='url(#skip)'/>"
    )


def layers(calls):
    """Return the SVG of a dashed frame and a label for each layer, as a list of texts. The frame is
    around the calls that read weights of the layer, the norm before them and the residual after
    them."""
    frames = []
    owners = [
        next((name.split(".")[0] for name, *_ in call.weights if "." in name), None)
        for call in calls
    ]
    for layer in sorted({owner for owner in owners if owner}):
        mine = [i for i, owner in enumerate(owners) if owner == layer]
        first, last = mine[0] - 1, mine[-1] + 1  # with the norm before and the residual after
        y, height = y_of(first) - 8, (last - first) * STEP + BOX + 16
        frames.append(
            f"<rect x='{LEFT - 56}' y='{y}' width='{WIDTH - LEFT + 30}' height='{height}' rx='10' "
            f"fill='#fafbfc' stroke='{LINE}' stroke-dasharray='4 4'/>"
        )
        frames.append(text(WIDTH - 42, y + height - 12, layer, FAINT, 12, anchor="end"))
    return frames


def text(x, y, what, color=INK, size=13, bold=False, anchor="start"):
    """Return the SVG of the text `what` at (x, y). `anchor` says which part of it stands there:
    "start", "middle" or "end"."""
    weight = " font-weight='bold'" if bold else ""
    return (
        f"<text x='{x:g}' y='{y:g}' fill='{color}' font-size='{size}' "
        f"text-anchor='{anchor}'{weight}>{escape(what)}</text>"
    )
