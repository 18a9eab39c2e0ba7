"""A compiler from a typed subset of Python to machine code for the Xtensa FPU.

It takes functions over float and int buffers (esp32gpt's reference kernels, or yours) and
makes a native .mpy that stock MicroPython on an ESP32 or ESP32-S3 imports like any module.
Pure Python, no C toolchain, no custom firmware:

    make kernel FILE=kernels.py

README.md says how to write one. The passes, in order:

    frontend   source file → functions with typed parameters; refusals (subset: of what)
    schedule   loops are tiled, source to source, if that changes no result (dependence)
    inline     calls between kernels → the callee's statements
    webs       variables → values: which assignment reaches which use
    lower      statements → instructions on virtual registers, hoisted out of loops
               (expressions, accesses, conditions, integers; polynomial, scopes: what ints are
               made of and where; mathops: exp, log, sqrt, division)
    bounds     which lengths the buffers must have, checked before they are touched
    flatten    loops → labels, branches and zero-overhead loops
    tidy       what has no effect goes
    reorder    innermost loops in an order that waits less (latency: for what)
    registers  virtual registers → a2 … a15 and f0 … f15, with spills
    outline    what is seldom executed goes behind its loop
    frame      entry (argument checks), return, refusal
    assemble   instructions (xtensa: their encodings) → bytes
    mpy        bytes → .mpy
"""
