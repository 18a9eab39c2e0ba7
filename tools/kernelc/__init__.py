"""A compiler from a typed subset of Python to machine code for the Xtensa FPU.

It compiles functions over float and int buffers to a native .mpy, which stock MicroPython on an
ESP32 or ESP32-S3 imports like any module. It is pure Python and needs no C toolchain and no custom
firmware:

    make kernel FILE=kernels.py

README.md says how to write kernels, INTERNALS.md how the compiler works. compiler.PASSES lists the
passes.
"""
