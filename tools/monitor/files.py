"""The files that the monitor saves: a CSV table and a chart of the run. Each is opened when the
monitor starts, so the user hears at once about a path that cannot be written."""

import csv
import math
from datetime import datetime
from pathlib import Path

from tools.host.errors import ToolError

COLUMNS = ("step", "loss", "avg", "held", "ms", "time")
CHARTS = (".png", ".svg", ".pdf")


class CsvFile:
    """A CSV table of Records, with the columns COLUMNS. Every row is flushed, so the file is
    complete at any moment. The constructor only opens the file; `begin` empties it and writes the
    column names, `add` appends a row. Each raises ToolError if the file cannot be written."""

    def __init__(self, path):
        self.path = path
        try:
            self.file = open(path, "a", newline="", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise unwritable(path, error) from error

    def begin(self):
        """Empty the file and write the row with the names of the columns."""
        self._write_row(COLUMNS, truncate=True)

    def add(self, record):
        """Append the row of a Record. A number that is NaN becomes an empty cell, and the time is
        local time in ISO 8601."""
        values = (record.loss, record.avg, record.held, record.ms)
        numbers = ("" if math.isnan(value) else value for value in values)
        when = datetime.fromtimestamp(record.time).astimezone().isoformat(timespec="milliseconds")
        self._write_row((record.step, *numbers, when))

    def _write_row(self, row, truncate=False):
        try:
            if truncate:
                self.file.truncate(0)
            csv.writer(self.file).writerow(row)
            self.file.flush()
        except OSError as error:
            raise unwritable(self.path, error) from error


class ChartFile:
    """A chart of a Log's run, drawn when `save` is called. The constructor creates an empty file if
    there is none. Raises ToolError if the file cannot be written, or its suffix is not one of
    CHARTS."""

    def __init__(self, path):
        self.path = Path(path)
        if self.path.suffix.lower() not in CHARTS:
            raise ToolError(
                f"{path} cannot hold a chart: choose a name that ends in {', '.join(CHARTS)}."
            )
        self.is_new = not self.path.exists()
        try:
            self.path.open("ab").close()
        except OSError as error:
            raise unwritable(path, error) from error

    def save(self, log):
        """Draw the chart of the Log's run over the file, and return a sentence that says whether it
        was drawn. Without any progress in the Log, leave an existing file as it is, and delete the
        empty one of the constructor. Raises ToolError if the file cannot be written."""
        if not log.run.records:
            if self.is_new:
                self.path.unlink(missing_ok=True)
            return f"No training was seen, so {self.path} was not drawn."
        from tools.monitor.chart import render  # imported late: matplotlib takes a second

        content = render(log, self.path.suffix[1:].lower())
        try:
            self.path.write_bytes(content)
        except OSError as error:
            raise unwritable(self.path, error) from error
        return f"Drawn: {self.path}"


def unwritable(path, error):
    """Return the ToolError that says why the file cannot be written; `error` is the OSError."""
    return ToolError(f"{path} cannot be written ({error.strerror}): name another file.")
