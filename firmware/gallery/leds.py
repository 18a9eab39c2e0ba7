"""Colours for strips of LEDs: a rainbow from hues, and gamma correction, over a bytearray."""

uint8s = "a bytearray"


def rainbow(pixels: uint8s, hue: float, step: float, value: float, n: int):
    """Write n pixels of three bytes with the hues hue, hue + step, … (1 is a whole turn), full
    saturation, and a brightness `value` from 0.0 to 1.0."""
    brightness = 255.0 * value
    for i in range(n):
        h = hue + step * i
        h = 6.0 * (h - int(h))
        if h < 0.0:
            h += 6.0
        red = min(max(abs(h - 3.0) - 1.0, 0.0), 1.0)
        green = min(max(2.0 - abs(h - 2.0), 0.0), 1.0)
        blue = min(max(2.0 - abs(h - 4.0), 0.0), 1.0)
        pixels[3 * i] = int(red * brightness + 0.5)
        pixels[3 * i + 1] = int(green * brightness + 0.5)
        pixels[3 * i + 2] = int(blue * brightness + 0.5)


def gamma(pixels: uint8s, table: uint8s, n: int):
    """Replace each of the first n bytes by its value in a table of 256 bytes."""
    for i in range(n):
        pixels[i] = table[pixels[i]]
