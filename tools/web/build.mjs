// Build the site: node build.mjs PARTS SITE. PARTS is the folder that parts.py has filled, SITE the folder
// for a static host.

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [parts, site] = process.argv.slice(2).map((path) => resolve(path));
const { resolve: find } = createRequire(import.meta.url);

rmSync(site, { recursive: true, force: true });
mkdirSync(site, { recursive: true });
await build({
  entryPoints: { app: join(here, "src/app.js"), worker: join(here, "src/learn/worker.js") },
  entryNames: "[name]",
  outdir: site,
  bundle: true,
  minify: true,
  splitting: true,
  chunkNames: "part-[hash]",
  format: "esm",
  target: "es2022",
  legalComments: "linked",
  logLevel: "warning",
  external: ["node:*", "module", "fs", "path", "url", "crypto", "util"],
  alias: { parts },
});
await build({
  entryPoints: [join(here, "src/app.css")],
  outfile: join(site, "app.css"),
  bundle: true,
  minify: true,
  logLevel: "warning",
});
for (const file of ["index.html", "icon.svg"])
  copyFileSync(join(here, "src", file), join(site, file));
cpSync(join(parts, "site"), site, { recursive: true });
const micropython = dirname(find("@micropython/micropython-webassembly-pyscript"));
copyFileSync(join(micropython, "micropython.wasm"), join(site, "micropython.wasm"));

const files = ["./", ...readdirSync(site).filter((file) => !file.endsWith(".bin"))];
const offline = readFileSync(join(here, "src/offline.js"), "utf8");
writeFileSync(join(site, "offline.js"), `const FILES = ${JSON.stringify(files)};\n${offline}`);
