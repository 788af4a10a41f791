// Keeps the site for when there is no network: the shell at once, the rest once it was used. Built from examples/web.
const KEPT = "microbp-{{version}}";
const MADE = "microbp-made";  // pages that were made here, by main.js
const SHELL = {{shell}};

self.addEventListener("install", (event) => {
  const fresh = SHELL.map((place) => new Request(place, { cache: "reload" }));
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("microbp-") && name !== KEPT && name !== MADE) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  event.respondWith(answer(event.request, url).catch(() => fetch(event.request)));
});

async function answer(request, url) {
  const made = url.href.startsWith(new URL("made/", registration.scope).href);
  const cache = await caches.open(made ? MADE : KEPT);
  const found = await cache.match(request, { ignoreSearch: made });
  if (found || made) return found ?? new Response("This page was made in another tab.", { status: 404 });
  const fresh = await fetch(request, { cache: "no-cache" });  // parts of one version, never of two
  if (fresh.ok) cache.put(request, fresh.clone());
  return fresh;
}
