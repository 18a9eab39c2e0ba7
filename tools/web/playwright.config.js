// The page in a real browser. SITE: the built site; CHROMIUM: the browser, Debian's by default.

import { once } from "node:events";
import { createServer } from "node:net";
import { defineConfig } from "@playwright/test";

// A free port for all processes of this run, which inherit it.
process.env.SITE_PORT ??= await freePort();
const PORT = Number(process.env.SITE_PORT);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return String(port);
}

export default defineConfig({
  testDir: "tests",
  outputDir: "../../build/web/results",
  workers: 1,
  timeout: 60_000,
  retries: 1, // other processes play the board; Playwright reports a retry as flaky
  reporter: "list",
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1280, height: 860 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ],
    },
  },
  webServer: {
    command: `${process.env.PYTHON ?? "python3"} -m http.server ${PORT} --bind 127.0.0.1`,
    cwd: process.env.SITE ?? "../../build/web/site",
    port: PORT,
    stderr: "ignore",
  },
});
