// A stand-in for navigator.serial, whose only port is a process: a fake board, or a relay to a real
// or emulated one. It can split what is read, drop bytes, be busy, and go away.

import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { python, root } from "./page.js";

const here = fileURLToPath(new URL(".", import.meta.url));

const BOOT =
  "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";

/** In the page. */
function standIn() {
  let port = null; // {controller} while it is open
  window.fromBoard = (text) => {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    try {
      port?.controller.enqueue(bytes);
    } catch {
      // It was closed meanwhile.
    }
  };
  window.boardIsGone = () => {
    const error = new DOMException("The device has been lost.", "NetworkError");
    device.readable = null;
    port?.controller.error(error);
    port = null;
    device.gone = true;
  };
  const device = {
    gone: false,
    getInfo: () => ({ usbVendorId: 0x10c4, usbProductId: 0xea60 }),
    addEventListener() {},
    removeEventListener() {},
    setSignals: async (signals) => window.boardSignals(signals),
    getSignals: async () => ({}),
    async open() {
      if (await window.boardIsBusy()) {
        throw new DOMException("Failed to open serial port.", "NetworkError");
      }
      if (port) throw new DOMException("The port is already open.", "InvalidStateError");
      port = {};
      device.readable = new ReadableStream({
        start(controller) {
          port.controller = controller;
        },
      });
      device.writable = new WritableStream({
        async write(bytes) {
          if (device.gone) throw new DOMException("The device has been lost.", "NetworkError");
          await window.toBoard(btoa(String.fromCharCode(...bytes)));
        },
      });
    },
    async close() {
      if (device.readable?.locked || device.writable?.locked) throw new TypeError("locked");
      try {
        port?.controller.close();
      } catch {
        // It has ended already.
      }
      port = null;
      device.readable = null;
      device.writable = null;
    },
  };
  const serial = {
    requestPort: async () => device,
    getPorts: async () => [device],
    addEventListener() {},
    removeEventListener() {},
  };
  Object.defineProperty(navigator, "serial", { value: serial, configurable: true });
}

export class FakeSerial {
  busy = false;
  pieces = Number.POSITIVE_INFINITY; // bytes that are read at once, at most
  drop = 0; // of so many bytes from the board one is lost; 0: none
  dropTo = 0; // the same on the way to the board
  lostTo = 0; // bytes that were lost on the way to the board
  deaf = false; // whether all of them are lost
  signals = [];
  heard = "";
  #process;
  #start;
  #page;
  #count = 0;
  #countTo = 0;

  /** command: the process that is the board. */
  constructor(page, [command, ...parameters]) {
    this.#page = page;
    this.#start = () => {
      this.#process = spawn(command, parameters, { stdio: ["pipe", "pipe", "ignore"] });
      this.#process.stdout.on("data", (data) => this.#read(data));
      this.#process.stdin.on("error", () => {});
    };
    this.#start();
  }

  /** A MicroPython of this machine that says it is an ESP32. */
  static fake(page) {
    const micropython = join(dirname(python), "micropython");
    const board = join(root, "host_tests/support/pageboard.py");
    return new FakeSerial(page, [micropython, "-X", "heapsize=16M", board]);
  }

  /** What is at the end of a real serial port. */
  static at(page, port) {
    return new FakeSerial(page, [python, join(here, "relay.py"), port]);
  }

  async install() {
    const page = this.#page;
    await page.exposeFunction("toBoard", (text) => this.#write(Buffer.from(text, "base64")));
    await page.exposeFunction("boardIsBusy", () => this.busy);
    await page.exposeFunction("boardSignals", (signals) => this.signals.push(signals));
    await page.addInitScript(standIn);
  }

  #write(data) {
    if (this.deaf) return;
    const kept = this.dropTo
      ? data.filter(() => {
          const lost = ++this.#countTo % this.dropTo === 0;
          this.lostTo += lost;
          return !lost;
        })
      : data;
    this.#process.stdin.write(kept);
  }

  #read(data) {
    this.heard += data.toString("latin1");
    const kept = this.drop ? data.filter(() => ++this.#count % this.drop !== 0) : data;
    for (let i = 0; i < kept.length; i += this.pieces) {
      const piece = Buffer.from(kept.subarray(i, i + this.pieces)).toString("base64");
      this.#page.evaluate((text) => window.fromBoard?.(text), piece).catch(() => {});
      if (!Number.isFinite(this.pieces)) break;
    }
  }

  /** Pull the cable. */
  async unplug() {
    await this.#page.evaluate(() => window.boardIsGone());
  }

  /** Press the reset button: a fake board also forgets its files. */
  reset() {
    this.close();
    this.#read(Buffer.from(BOOT));
    this.#start();
  }

  close() {
    this.#process.kill();
  }
}
