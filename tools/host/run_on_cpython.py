"""Run main.py under CPython with the numpy engine, in the current directory. This is for machines
without MicroPython."""

import runpy
import sys

from esp32gpt import kernels

from tools.host import numpy_engine
from tools.host.paths import FIRMWARE


def main():
    sys.modules["esp32gpt.kernels.numpy"] = numpy_engine
    kernels.ENGINES = ("numpy", "reference")
    runpy.run_path(str(FIRMWARE / "main.py"), run_name="__main__")


if __name__ == "__main__":
    main()
