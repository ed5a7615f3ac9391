/* The service worker: shows a page that was pushed and sends what is pressed on it. Nothing is kept offline. */
"use strict";

const OPEN = "/";
const DONE = {
  acknowledge: ["You have it", "Nobody else will be asked."],
  pass: ["Passed on", "The next level is asked now."],
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Only addresses of our own are opened or posted to, whatever a message says.
const own = (address) => {
  const url = new URL(address || OPEN, self.location.origin);
  return url.origin === self.location.origin ? url.href : new URL(OPEN, self.location.origin).href;
};

self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(
    self.registration.showNotification(told.title || "Watchbill", {
      body: told.body || "",
      tag: told.tag || "watchbill",
      renotify: true,
      requireInteraction: true,
      icon: "/static/icon-192.png",
      data: { url: own(told.url), tag: told.tag || "watchbill" },
      actions: told.actions
        ? [{ action: "acknowledge", title: "Acknowledge" }, { action: "pass", title: "Escalate" }]
        : [],
    }),
  );
});

const open = async (url) => {
  const windows = await self.clients.matchAll({ type: "window" });
  const here = windows.find((client) => client.url === url);
  return here ? here.focus() : self.clients.openWindow(url);
};

// The address is the proof, so no cookie goes with it. An answer that leads back to the page means that it was done.
const press = async (action, { url, tag }) => {
  const answer = await fetch(url, {
    method: "POST",
    body: new URLSearchParams({ action }),
    credentials: "omit",
    redirect: "manual",
  }).catch(() => null);
  if (!answer || answer.type !== "opaqueredirect") return open(url);
  const [title, body] = DONE[action];
  return self.registration.showNotification(title, { body, tag, silent: true, data: { url, tag } });
};

self.addEventListener("notificationclick", (event) => {
  const { action, notification } = event;
  notification.close();
  event.waitUntil(DONE[action] ? press(action, notification.data) : open(notification.data.url));
});
