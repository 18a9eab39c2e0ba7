// The page in a real browser. SITE: the built site; CHROMIUM: the browser, Debian's by default.

import { defineConfig } from "@playwright/test";

const PORT = 8765;

export default defineConfig({
  testDir: "tests",
  outputDir: "../../build/web/results",
  workers: 1,
  timeout: 60_000,
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
