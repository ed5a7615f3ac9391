/* Subscribes this browser to push notifications: form[data-push-key] is filled in and sent as a plain form. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-push-key]");
  if (!form) return;
  const say = (text) => { form.querySelector("[data-push-said]").textContent = text; };
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!able) {
    form.querySelector("button").disabled = true;
    say("This browser has no push notifications. On an iPhone, add Watchbill to the home screen first.");
    return;
  }
  navigator.serviceWorker.register("/sw.js").catch(() => say("This browser refused to set up notifications."));
  const subscribe = async () => {
    if ((await Notification.requestPermission()) !== "granted") throw new Error("Allow notifications for this site first.");
    const registration = await navigator.serviceWorker.ready;
    const wanted = { userVisibleOnly: true, applicationServerKey: bytes(form.dataset.pushKey) };
    // A subscription to another key is of no use to us.
    const known = await registration.pushManager.getSubscription();
    const mine = await registration.pushManager.subscribe(wanted).catch(async (error) => {
      if (!known) throw error;
      await known.unsubscribe();
      return registration.pushManager.subscribe(wanted);
    });
    const { endpoint, keys } = mine.toJSON();
    form.elements.endpoint.value = endpoint;
    form.elements.p256dh.value = keys.p256dh;
    form.elements.auth.value = keys.auth;
    form.submit();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    subscribe().catch((error) => say(error.message || "This browser could not subscribe."));
  });
})();
