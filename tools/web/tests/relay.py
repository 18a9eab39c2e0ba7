"""Pass bytes between stdin, stdout and a serial port: python relay.py PORT."""

import os
import sys
import threading

import serial


def main(port):
    line = serial.Serial(port, 115200, timeout=0.05)

    def read():
        while True:
            data = line.read(line.in_waiting or 1)
            if data:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()

    threading.Thread(target=read, daemon=True).start()
    while data := os.read(0, 4096):
        line.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
