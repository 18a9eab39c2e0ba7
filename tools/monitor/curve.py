"""Curves in a terminal: several series of (x, y) as lines of text, drawn with Braille dots, or
with plain characters where there is no Unicode."""

from rich.text import Text

BRAILLE = 0x2800
# The bit of each of a character's 2 × 4 dots, by row and column.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
MARGIN = 6  # columns for the labels of the y axis


def draw(series, span, width, height, ascii_only=False):
    """Return the curves as a list of `height` Texts of at most `width` columns; the last line is
    the x axis.

    `series` is a list of (name, style, mark, points), with points a list of (x, y); those that are
    not `drawable` are left out. The name is written at the right edge, near the height of the last
    point. With `ascii_only`, the character `mark` draws the curve instead of Braille dots. Later
    series are drawn over earlier ones. `span` is (first, last), the range of x to show at least;
    either may be None. Returns an empty list if there is no room or no point to draw.
    """
    series = [(*kind, list(filter(drawable, points))) for *kind, points in series]
    everything = [point for *_, points in series for point in points]
    name_width = max((len(name) for name, *_ in series), default=0) + 1
    columns = width - MARGIN - name_width
    rows = height - 1
    if not everything or columns < 10 or rows < 3:
        return []
    canvas = Canvas(columns, rows, everything, span, ascii_only)
    for _, style, mark, points in series:
        canvas.polyline(points, style, mark)
    lines = canvas.lines()
    name_ends(lines, [kind for kind in series if kind[-1]], canvas)
    for row, line in enumerate(lines):
        value = canvas.top - row / max(rows - 1, 1) * (canvas.top - canvas.bottom)
        label = f"{value:.2f}" if row in (0, rows // 2, rows - 1) else ""
        lines[row] = Text.assemble((f"{label:>{MARGIN - 1}.{MARGIN - 1}} ", "dim"), line)
    left, right = f"{canvas.left:.0f}", f"{canvas.right:.0f}"
    axis = left + " " * max(1, columns - len(left) - len(right)) + right
    return [*lines, Text(" " * MARGIN + axis[:columns], "dim")]


def drawable(point):
    """Return True if both numbers of a point (x, y) are finite and between -1e9 and 1e9: a larger
    one would flatten the rest."""
    return all(abs(number) < 1e9 for number in point)


def name_ends(lines, series, canvas):
    """Append each curve's name to the free line nearest to the curve's last point; no line gets two
    names. Changes the Texts in `lines`, which are the rows of the Canvas. `series` are those of
    `draw`, and each must have a point."""
    free = set(range(len(lines)))
    for name, style, _, points in series:
        wanted = canvas.row(points[-1][1])
        if free:
            row = min(free, key=lambda row: abs(row - wanted))
            free.remove(row)
            lines[row].append(f" {name}", style)


class Canvas:
    """A grid of characters, `columns` wide and `rows` high, that covers all points, and in x also
    `span`. `left`, `right`, `bottom` and `top` are the values of x and y at its edges. It is empty
    at first: `polyline` draws, `lines` returns the picture."""

    def __init__(self, columns, rows, points, span, ascii_only):
        self.across, self.down = (1, 1) if ascii_only else (2, 4)
        self.columns, self.rows, self.ascii_only = columns, rows, ascii_only
        ends = [x for x in span if x is not None]
        self.left, self.right = spread([*ends, *(x for x, _ in points)])
        self.bottom, self.top = spread([y for _, y in points])
        self.cells = {}  # (row, column): (dots or character, style)

    def row(self, y):
        """Return the number of the line on which y is drawn; 0 is the top."""
        return self._dot(self.left, y)[1] // self.down

    def _dot(self, x, y):
        across = (x - self.left) / (self.right - self.left) * (self.columns * self.across - 1)
        down = (self.top - y) / (self.top - self.bottom) * (self.rows * self.down - 1)
        return round(across), round(down)

    def polyline(self, points, style, mark):
        """Draw lines from each of the points (x, y) to the next, over what is drawn already; one
        point alone is a dot. `style` is rich's, and `mark` is the character for them without
        Braille."""
        dots = [self._dot(*point) for point in points]
        for begin, end in zip(dots, dots[1:] or dots, strict=False):
            self._segment(begin, end, style, mark)

    def _segment(self, begin, end, style, mark):
        n = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
        for i in range(n + 1):
            x = round(begin[0] + (end[0] - begin[0]) * i / n)
            y = round(begin[1] + (end[1] - begin[1]) * i / n)
            place = y // self.down, x // self.across
            if self.ascii_only:
                self.cells[place] = mark, style
            else:
                dots = self.cells.get(place, (0, style))[0]
                self.cells[place] = dots | DOTS[y % 4][x % 2], style

    def lines(self):
        """Return the picture as a list of Texts, one for each row, the top one first."""
        texts = []
        for row in range(self.rows):
            text = Text()
            for column in range(self.columns):
                drawn, style = self.cells.get((row, column), (" ", ""))
                text.append(chr(BRAILLE | drawn) if isinstance(drawn, int) else drawn, style)
            texts.append(text)
        return texts


def spread(values):
    """Return (the smallest value, the largest value); if they are equal, (value - 0.5, value +
    0.5)."""
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 0.5, high + 0.5)
