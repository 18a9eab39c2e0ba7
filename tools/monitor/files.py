"""What the monitor keeps of a run: a table as CSV, and a chart. Whether they can be written is
found out before anything else happens."""

import csv
import math
from datetime import datetime
from pathlib import Path

from tools.host.errors import ToolError

COLUMNS = ("step", "loss", "avg", "held", "ms", "time")
CHARTS = (".png", ".svg", ".pdf")


class CsvFile:
    """A table of Records, whole at any moment; `begin` empties the file, which __init__ only
    opens. Raises ToolError if it cannot be written."""

    def __init__(self, path):
        self.path = path
        try:
            self.file = open(path, "a", newline="", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise unwritable(path, error) from error

    def begin(self):
        self._write_row(COLUMNS, truncate=True)

    def add(self, record):
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
    """A chart of a Log's run, drawn when `save` is called. Raises ToolError if it cannot be
    written, or has a suffix that says nothing of how."""

    def __init__(self, path):
        self.path = Path(path)
        if self.path.suffix.lower() not in CHARTS:
            raise ToolError(f"A chart ends in one of {', '.join(CHARTS)}: name {path} so.")
        self.is_new = not self.path.exists()
        try:
            self.path.open("ab").close()
        except OSError as error:
            raise unwritable(path, error) from error

    def save(self, log):
        """Returns what became of it, as a sentence."""
        if not log.run.records:
            if self.is_new:
                self.path.unlink(missing_ok=True)
            return f"No training was seen, so {self.path} was not drawn."
        from tools.monitor.chart import render  # here, because matplotlib takes a second to import

        content = render(log, self.path.suffix[1:].lower())
        try:
            self.path.write_bytes(content)
        except OSError as error:
            raise unwritable(self.path, error) from error
        return f"Drawn: {self.path}"


def unwritable(path, error):
    """The ToolError that says why."""
    return ToolError(f"{path} cannot be written ({error.strerror}): name another file.")
