"""Run main.py under CPython with the numpy engine, in the current directory. This is for machines
without MicroPython."""

import runpy

from tools.host import engine, numpy_engine
from tools.host.paths import FIRMWARE


def main():
    engine.use("numpy", numpy_engine)
    runpy.run_path(str(FIRMWARE / "main.py"), run_name="__main__")


if __name__ == "__main__":
    main()
