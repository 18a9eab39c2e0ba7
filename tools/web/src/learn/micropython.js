// MicroPython with the device library in its file system and the kernels in JavaScript: the same
// for the page's worker and for the tests under Node.

import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

const HEAP = 8 * 1024 * 1024; // bytes; it grows when that is not enough

/**
 * Start an interpreter.
 *
 * files: {path: text} of Python modules; kernels: the module that tools/web/javascript.py makes;
 * wasm: where micropython.wasm is; write: called with each piece (bytes) that Python prints.
 */
export async function start({ files, kernels, wasm, write }) {
  const memory = { current: null };
  const micropython = await whileWatching(memory, () =>
    loadMicroPython({ url: wasm, heapsize: HEAP, linebuffer: false, stdout: write, stderr: write }),
  );
  kernels.bind(memory.current);
  micropython.registerJsModule("web_kernels", kernels);
  for (const [path, text] of Object.entries(files)) {
    micropython.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")) || "/");
    micropython.FS.writeFile(path, text);
  }
  return micropython;
}

/** Run `load` and keep the memory of the WebAssembly instance that it makes: the interpreter's
 * own interface does not give it away. */
async function whileWatching(memory, load) {
  const originals = {
    instantiate: WebAssembly.instantiate,
    instantiateStreaming: WebAssembly.instantiateStreaming,
  };
  for (const [name, original] of Object.entries(originals)) {
    WebAssembly[name] = async (...parts) => {
      const result = await original.apply(WebAssembly, parts);
      const exports = Object.values((result.instance ?? result).exports);
      memory.current = exports.find((value) => value instanceof WebAssembly.Memory);
      return result;
    };
  }
  try {
    return await load();
  } finally {
    Object.assign(WebAssembly, originals);
  }
}
