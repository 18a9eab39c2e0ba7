"""A compiler from a typed subset of Python to machine code for the Xtensa FPU.

It takes functions over float and int buffers (esp32gpt's reference kernels, or yours) and
makes a native .mpy that stock MicroPython on an ESP32 or ESP32-S3 imports like any module.
Pure Python, no C toolchain, no custom firmware:

    python -m kernelc kernels.py -o kernels.mpy --listing kernels.lst      (from tools/)

In the order in which a kernel passes through them:

    frontend   source file → functions with typed parameters; refusals
    inline     calls between kernels → the callee's statements
    webs       variables → values: which assignment reaches which use
    lower      statements → instructions on virtual registers, hoisted out of loops
               (polynomial, scopes: integer arithmetic; mathops: exp, log, sqrt, division)
    bounds     which lengths the buffers must have, checked before they are touched
    flatten    loops → labels, branches and zero-overhead loops
    registers  virtual registers → a2 … a15 and f0 … f15, with spills
    frame      entry (argument checks), return, refusal
    assemble   instructions (xtensa: their encodings) → bytes
    mpy        bytes → .mpy
"""
