"""A compiler from a typed subset of Python to machine code for the Xtensa FPU.

It takes functions over float and int buffers and makes a native .mpy that stock MicroPython on an
ESP32 or ESP32-S3 imports like any module. Pure Python, no C toolchain, no custom firmware:

    make kernel FILE=kernels.py

README.md says how to write one, INTERNALS.md how the compiler works: compiler.PASSES is the list
of all that happens to a kernel.
"""
