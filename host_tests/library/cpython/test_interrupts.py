"""Ctrl-C is delayed and then interrupts, and other input is kept. The chip's functions are
faked."""

import io
import os
import select
import sys
import types

import esp32gpt
import pytest


class FakeChip:
    """Typed characters, and the functions of MicroPython that handle them."""

    def __init__(self):
        self.waiting = bytearray()
        self.interrupt_character = 3
        self.terminal = "another"

    def type(self, characters):
        for character in characters:
            if character == self.interrupt_character:
                raise KeyboardInterrupt
            self.waiting.append(character)

    def kbd_intr(self, character):
        self.interrupt_character = character

    def poll(self, timeout):
        return [1] if self.waiting else []

    def register(self, stream, event):
        pass

    def read(self, n):
        first, self.waiting = self.waiting[:n], self.waiting[n:]
        return bytes(first)

    def dupterm(self, terminal):
        before, self.terminal = self.terminal, terminal
        return before

    def dupterm_notify(self, _):
        assert self.interrupt_character == -1  # MicroPython loses an interrupt in readinto
        buffer = bytearray(1)
        while self.terminal.readinto(buffer):
            self.type(buffer)


@pytest.fixture
def chip(monkeypatch):
    fake = FakeChip()
    monkeypatch.setitem(sys.modules, "micropython", types.SimpleNamespace(kbd_intr=fake.kbd_intr))
    monkeypatch.setattr(select, "poll", lambda: fake)
    monkeypatch.setattr(os, "dupterm", fake.dupterm, raising=False)
    monkeypatch.setattr(os, "dupterm_notify", fake.dupterm_notify, raising=False)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=fake))
    # The module holds on to the input that it finds, so each test imports it anew.
    monkeypatch.delitem(sys.modules, "esp32gpt.interrupts", raising=False)
    monkeypatch.delattr(esp32gpt, "interrupts", raising=False)
    return fake


def test_ctrl_c_is_held_back_and_then_honoured_and_other_input_is_kept(chip):
    from esp32gpt import interrupts

    interrupts.hold()
    chip.type(b"ab\x03c")
    with pytest.raises(KeyboardInterrupt):
        interrupts.release()
    assert chip.waiting == b"abc" and chip.terminal == "another"
    with pytest.raises(KeyboardInterrupt):
        chip.type(b"\x03")


def test_without_ctrl_c_nothing_interrupts(chip):
    from esp32gpt import interrupts

    interrupts.hold()
    interrupts.release()
    interrupts.hold()
    chip.type(b"print(1)\r")
    interrupts.release()
    assert chip.waiting == b"print(1)\r"


def test_the_terminal_is_a_stream(chip):
    from esp32gpt.interrupts import _Typed

    terminal = _Typed([65])
    assert isinstance(terminal, io.IOBase) and terminal.write(b"xyz") == 3
    assert terminal.ioctl(3, 0) == 0
    buffer = bytearray(1)
    assert terminal.readinto(buffer) == 1 and buffer == b"A"
    assert terminal.readinto(buffer) is None
