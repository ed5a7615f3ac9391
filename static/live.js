/* One stream per page, used only to say "this region is stale". No HTML travels over it: the GET that follows checks
   who may see what, and brings the same fragment the page was made of.
   <body data-live-topics="board incident-12">; a region says
   hx-get="/incidents/INC-12/-/timeline/" hx-trigger="live:incident-12 from:body, live:resync from:body" hx-swap="morph:outerHTML".
   Where a page has many that change together, each says data-region="incident-12" hx-trigger="stale" instead: one GET
   brings them all, with the mark of the change, by which the server draws them once for everybody. Where only a part
   changed, incident-12/timeline, those alone are asked for that name it too. One that says
   data-later comes empty with the page and is filled by the GET that follows the opening of the stream. */
(() => {
  "use strict";
  const root = document.documentElement;
  const body = document.body;
  const topics = [...new Set((body.dataset.liveTopics || "").split(/\s+/).filter(Boolean))];
  if (!topics.length) return;

  const here = body.dataset.liveHere ? `&here=${encodeURIComponent(body.dataset.liveHere)}` : "";
  const url = `/live/?topics=${topics.map(encodeURIComponent).join(",")}${here}`;
  const BEAT = Number(body.dataset.liveBeat) || 15000;
  const PARK = Number(body.dataset.livePark) || 30000; // a hidden tab gives its connection back: browsers allow six
  const POLL = 20000; // where the stream never opens (a proxy that swallows it), regions are asked for at this rate
  const GRACE = 2000; // a stream that is cut and comes back at once is no news
  const BANNER = 5000;
  const LATER = 500; // what came empty is not kept waiting for a stream that is slow to open
  const JITTER = 100; // so that a hundred readers do not ask in the same instant

  let stream = null, opened = false, heard = 0, tries = 0, lostAt = 0, nextTry = 0;
  let retryTimer = 0, parkTimer = 0, pollTimer = 0, graceTimer = 0;

  const emit = (name, detail) => body.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
  const stale = new Map();
  const marks = new Map();
  const soon = (name, mark = "") => {
    marks.set(name, mark);
    if (stale.has(name)) return;
    stale.set(name, setTimeout(() => { stale.delete(name); emit(name); together(name); }, Math.random() * JITTER));
  };

  let asking = false;
  const again = new Set();
  const together = async (name) => {
    if (asking) { again.add(name); return; }
    const regions = [...document.querySelectorAll("[data-region]")].filter(
      (region) => name === "resync" || (name === "later" ? "later" in region.dataset : region.dataset.region.split(" ").includes(name)));
    if (!regions.length) return;
    asking = true;
    const query = new URLSearchParams();
    for (const region of regions) { query.append("r", region.getAttribute("hx-get")); query.append("at", marks.get(name) || ""); }
    try {
      const answer = await fetch(`/regions/?${query}`, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
      const elsewhere = answer.headers.get("HX-Redirect");
      if (elsewhere) { location.assign(elsewhere); return; }
      if (!answer.ok || answer.status !== 200) throw new Error(answer.status);
      draw(regions, await answer.json());
      asked(true);
    } catch {
      asked(false);
      for (const region of regions) if (region.isConnected) htmx.trigger(region, "stale");
    } finally {
      asking = false;
      for (const next of [...again]) { again.delete(next); together(next); }
    }
  };
  const draw = (regions, drawn) => {
    for (const region of regions) {
      const html = drawn[region.getAttribute("hx-get")];
      const swap = { swapStyle: region.getAttribute("hx-swap"), swapDelay: 0, settleDelay: 20 };
      if (!region.isConnected) continue;
      if (html === undefined) htmx.trigger(region, "stale");
      else htmx.swap(region, html, swap, { contextElement: region });
    }
  };

  const WORDS = { on: "Live", lost: "Offline", polling: "Updates every 20 s", parked: "Paused" };
  const banner = document.getElementById("offline");
  const paint = () => {
    const state = root.dataset.live;
    for (const mark of document.querySelectorAll("[data-live-mark]")) {
      mark.hidden = !state;
      if (mark.dataset.state !== state) { mark.dataset.state = state; mark.textContent = WORDS[state] || ""; }
    }
    if (!banner) return;
    const long = state === "lost" && Date.now() - lostAt >= BANNER;
    if (long) {
      const since = new Date(lostAt).toLocaleTimeString("en-GB");
      const wait = Math.max(0, Math.ceil((nextTry - Date.now()) / 1000));
      const again = wait ? `Trying again in ${wait} s.` : "Trying again now.";
      banner.querySelector("[data-offline-text]").textContent =
        `Offline since ${since}. What you see is from then. ${again} Text you typed stays here.`;
      if (banner.hidden) document.getElementById("say-now").textContent = `Offline since ${since}.`;
    } else if (!banner.hidden) {
      document.getElementById("say").textContent = "Live again.";
    }
    banner.hidden = !long;
  };
  const state = (name) => {
    if (root.dataset.live === name) return;
    root.dataset.live = name;
    if (name !== "lost") lostAt = 0;
    paint();
    emit("state", { state: name });
  };

  const lose = () => {
    lostAt ||= Date.now();
    graceTimer ||= setTimeout(() => state("lost"), GRACE);
  };
  const found = () => {
    clearTimeout(graceTimer);
    graceTimer = lostAt = 0;
  };

  const alive = () => {
    heard = Date.now();
    tries = 0;
    found();
    clearInterval(pollTimer);
    pollTimer = 0;
    state("on");
  };
  const close = () => {
    if (!stream) return;
    stream.onopen = stream.onerror = null;
    stream.close();
    stream = null;
  };
  const open = () => {
    clearTimeout(retryTimer);
    close();
    heard = Date.now();
    stream = new EventSource(url);
    // What changed between the rendering of the page and the opening of the stream is caught up with here.
    stream.onopen = () => { opened = true; alive(); soon("resync"); };
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) retry(); else { lose(); nextTry = Date.now() + 3000; } };
    stream.addEventListener("beat", alive);
    stream.addEventListener("resync", (event) => { alive(); soon("resync", event.lastEventId); });
    stream.addEventListener("seat", (event) => { alive(); emit("seat", event.data); });
    stream.addEventListener("here", (event) => { alive(); emit("here", event.data); });
    stream.addEventListener("changed", (event) => { alive(); soon(event.data, event.lastEventId); });
  };
  const retry = () => {
    close();
    tries += 1;
    if (!opened && tries >= 3) poll(); else if (!pollTimer) lose();
    const wait = pollTimer ? 60000 : Math.min(30000, 500 * 2 ** (tries - 1)) * (0.7 + Math.random() * 0.6);
    nextTry = Date.now() + wait;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(open, wait);
  };
  const poll = () => {
    if (pollTimer) return;
    found();
    soon("resync");
    pollTimer = setInterval(() => { if (!document.hidden) soon("resync"); }, POLL);
  };
  const asked = (successful) => {
    if (!pollTimer) return;
    if (successful) { found(); state("polling"); } else lose();
  };
  body.addEventListener("htmx:afterRequest", (event) => asked(event.detail.successful));

  setInterval(() => {
    if (stream && !document.hidden && Date.now() - heard > BEAT * 2.5) retry(); // a hung server closes nothing
    if (root.dataset.live === "lost") paint();
  }, 1000);
  addEventListener("online", open);
  addEventListener("offline", lose);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  document.addEventListener("visibilitychange", () => {
    clearTimeout(parkTimer);
    if (document.hidden) {
      parkTimer = setTimeout(() => { clearTimeout(retryTimer); close(); found(); if (!pollTimer) state("parked"); }, PARK);
    } else if (!stream) open();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-live-retry]")) { tries = 0; open(); }
  });
  body.addEventListener("live:unseated", () => { if (stream) open(); });
  body.addEventListener("htmx:afterSettle", paint); // a morphed region brings a fresh, silent mark
  open();
  setTimeout(() => { if (!opened) together("later"); }, LATER);
})();
