"""The gallery's kernels give the same results as numpy, and have the costs on its page."""

import importlib.util

import numpy as np
import pytest

from tools.kernelc import latency
from tools.kernelc.compiler import compile_source
from tools.kernelc.gallery import FILES, GALLERY, build

from . import machine

pytestmark = pytest.mark.skipif(not machine.QEMU, reason=machine.REASON)

CODES = {path.stem: compile_source(path.read_text(encoding="utf-8"), path)[1] for path in FILES}
RANDOM = np.random.default_rng(3)


def floats(*shape):
    return RANDOM.normal(size=shape).astype(np.float32).ravel()


def run(module, name, *args):
    return machine.run(CODES[module][name], *args)


def python(module):
    spec = importlib.util.spec_from_file_location(
        module, next(p for p in FILES if p.stem == module)
    )
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("bits", [1, 2, 6, 7, 10])
def test_fft_agrees_with_numpy(bits):
    n = 1 << bits
    x, w = floats(n, 2), np.zeros(n, np.float32)
    wanted = np.fft.fft(x.view(np.complex64).astype(complex))
    run("fft", "twiddles", w, n)
    run("fft", "fft", x, w, n, bits)
    run("fft", "reorder", x, n)
    assert np.allclose(x.view(np.complex64), wanted, atol=2e-6 * n, rtol=2e-6)


def test_fir_agrees_with_numpy():
    x, h, y = floats(95), floats(32), np.zeros(64, np.float32)
    run("fir", "fir", y, x, h, 64, 32)
    assert np.allclose(y, np.correlate(x, h, "valid"), atol=1e-5)


def test_a_scalar_product_agrees_with_numpy():
    for n in (0, 1, 7, 256):
        x, y, z = floats(n), floats(n), np.zeros(1, np.float32)
        source = GALLERY / "dot.py"
        code = compile_source(
            source.read_text() + "\n\ndef into(z: floats, x: floats, y: floats, n: int):\n"
            "    z[0] = dot(x, y, n)\n", source)[1]["into"]  # fmt: skip
        machine.run(code, z, x, y, n)
        assert np.allclose(z[0], x.astype(float) @ y, atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16, 16), (3, 5, 7), (1, 1, 1), (4, 0, 8)])
def test_matmul_agrees_with_numpy(shape):
    rows, inner, columns = shape
    a, b, c = floats(rows, inner), floats(inner, columns), np.ones(rows * columns, np.float32)
    run("matmul", "matmul", c, a, b, rows, inner, columns)
    wanted = a.reshape(rows, inner).astype(float) @ b.reshape(inner, columns)
    assert np.allclose(c.reshape(rows, columns), wanted, atol=1e-5)


def test_biquad_agrees_with_its_difference_equation_over_several_calls():
    sections = [[0.2, 0.4, 0.2, -0.4, 0.3], [0.5, -0.1, 0.3, 0.2, 0.1]]
    signal = floats(128)
    wanted = signal.astype(float)
    for b0, b1, b2, a1, a2 in sections:
        x, y = np.pad(wanted, (2, 0)), np.zeros(130)
        for i in range(2, 130):
            y[i] = b0 * x[i] + b1 * x[i - 1] + b2 * x[i - 2] - a1 * y[i - 1] - a2 * y[i - 2]
        wanted = y[2:]
    coefficients, state = np.float32(sections).ravel(), np.zeros(4, np.float32)
    for part in (signal[:50], signal[50:]):
        run("biquad", "biquad", part, coefficients, state, 2, len(part))
    assert np.allclose(signal, wanted, atol=1e-5)


def test_the_median_agrees_with_numpy():
    run("median", "median", np.zeros(0, np.float32), floats(4), 0)
    for n in (1, 64):
        x, y = floats(n + 4), np.zeros(n, np.float32)
        run("median", "median", y, x, n)
        windows = np.lib.stride_tricks.sliding_window_view(x, 5)
        assert np.array_equal(y, np.median(windows, axis=1).astype(np.float32))


def test_madgwick_finds_gravity_and_agrees_with_python():
    tilt = 0.5
    imu = np.float32([0.01, -0.02, 0.03, np.sin(tilt), 0.0, np.cos(tilt)])
    q, wanted = np.float32([1, 0, 0, 0]), [1.0, 0.0, 0.0, 0.0]
    code, module = CODES["madgwick"]["update"], python("madgwick")
    for _ in range(100):
        machine.run(code, q, imu, 0.5, 0.02)
        module.update(wanted, imu.tolist(), 0.5, 0.02)
    assert np.allclose(q, wanted, atol=1e-5) and abs(q @ q - 1) < 1e-6
    down = [2 * (q[1] * q[3] - q[0] * q[2]), 2 * (q[0] * q[1] + q[2] * q[3]),
            1 - 2 * (q[1] ** 2 + q[2] ** 2)]  # fmt: skip
    assert np.allclose(down, imu[3:], atol=0.06)


def test_a_rainbow_agrees_with_colorsys_and_gamma_with_its_table():
    import colorsys

    pixels = np.zeros(192, np.uint8)
    run("leds", "rainbow", pixels, -0.3, 0.037, 0.8, 64)
    for i in range(64):
        wanted = 204 * np.array(colorsys.hsv_to_rgb((-0.3 + 0.037 * i) % 1, 1, 1))
        assert np.abs(pixels[3 * i : 3 * i + 3] - wanted).max() <= 0.51
    table = np.uint8(np.round(255 * (np.arange(256) / 255) ** 2.2))
    wanted = table[pixels]
    run("leds", "gamma", pixels, table, 192)
    assert np.array_equal(pixels, wanted)


def cases():
    """Return {row of the page: (module, kernel, arguments)}."""
    w, sections = np.zeros(1024, np.float32), np.float32([0.2, 0.4, 0.2, -0.4, 0.3] * 2)
    samples = np.float32(np.random.default_rng(5).normal(size=68))
    run("fft", "twiddles", w, 1024)
    return {
        "FFT, 1,024 points": ("fft", "fft", (floats(1024, 2), w, 1024, 10)),
        "its order, 1,024 points": ("fft", "reorder", (floats(1024, 2), 1024)),
        "FIR, 64 outputs, 32 taps": (
            "fir", "fir", (np.zeros(64, np.float32), floats(95), floats(32), 64, 32),
        ),
        "scalar product, 256": ("dot", "dot", (floats(256), floats(256), 256)),
        "matrix product, 16×16×16": (
            "matmul", "matmul", (np.zeros(256, np.float32), floats(256), floats(256), 16, 16, 16),
        ),
        "biquad, 128 samples, 2 sections": (
            "biquad", "biquad",
            (floats(128), sections, np.zeros(4, np.float32), 2, 128),
        ),
        "median of 5, 64 samples": (
            "median", "median", (np.zeros(64, np.float32), samples, 64),
        ),
        "Madgwick filter, one update": (
            "madgwick", "update", (np.float32([1, 0, 0, 0]), floats(6), 0.1, 0.01),
        ),
        "rainbow, 64 LEDs": (
            "leds", "rainbow", (np.zeros(192, np.uint8), 0.1, 0.015, 0.5, 64),
        ),
        "gamma, 192 bytes": (
            "leds", "gamma", (np.zeros(192, np.uint8), np.arange(256, dtype=np.uint8), 192),
        ),
    }  # fmt: skip


def test_the_estimates_on_the_page_are_these():
    page = (GALLERY / "README.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| [")]
    shown = {row[0][3 : row[0].index("]")]: row[3] for row in rows}
    for row, (module, name, args) in cases().items():
        code = CODES[module][name]
        executed = machine.trace(code, *args)
        ops = {address: op for address, _, op in code.lines}
        stalls = sum(latency.waits([ops[address] for address in executed]))
        text = f"{len(executed):,} + {stalls:,} = {len(executed) + stalls:,}"
        print(f"{row:32} {text}")
        assert shown.get(row) == text, row


def test_the_compiled_files_are_those_of_the_sources(tmp_path):
    for path in build(tmp_path):
        committed = GALLERY / path.name
        assert committed.read_bytes() == path.read_bytes(), "run: make gallery"
