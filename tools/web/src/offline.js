// Let the page open again without a network: keep fetched files, and use them if they cannot be fetched
// again.

const KEPT = "esp32gpt";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) =>
  event.waitUntil(
    (async () => {
      await self.clients.claim();
      // What the first visit fetched, it fetched before this worker was there.
      const cache = await caches.open(KEPT);
      await cache.addAll(FILES);
    })(),
  ),
);
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) {
    event.respondWith(fetchOrKept(request));
  }
});

async function fetchOrKept(request) {
  const cache = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}
