// Run a Python script under MicroPython's WebAssembly port, in Node, with the library and the page's
// engine: node run.mjs PARTS SCRIPT [FOLDER...]. PARTS is the folder that parts.py has filled. The Python
// files of each FOLDER can be imported. Exits with 1 if the script raises.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "./src/learn/micropython.js";

const [parts, script, ...folders] = process.argv.slice(2);
const files = JSON.parse(readFileSync(join(parts, "library.json"), "utf8"));
for (const folder of folders) {
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".py"))) {
    files[`/lib/${name}`] = readFileSync(join(folder, name), "utf8");
  }
}
const micropython = await start({
  files,
  kernels: await import(pathToFileURL(join(parts, "kernels.js"))),
  write: (bytes) => process.stdout.write(bytes),
});
try {
  micropython.runPython(`import tab\n${readFileSync(script, "utf8")}`);
} catch (error) {
  console.log(String(error.message ?? error));
  process.exitCode = 1;
}
