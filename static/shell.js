/* Behaviour by attribute. Everything here is an addition: without it every button is still a plain form or link.
   data-open="id" / data-close   a dialog             data-copy="text" / data-copy-from="#id"  copy
   data-pop (details)            closes by itself     data-busy="Sending…"                     words while sending
   data-stuck="…"                words when sending takes long                                  data-draft="key" kept text
   data-key="u" / data-go="H"    shortcuts            data-row                                  J and K move between rows
   data-print                    the browser's own printing */
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  root.dataset.js = "";

  // Words for those who listen, toasts for those who look ------------------------------------------------------
  const say = (text, { now = false } = {}) => {
    const node = document.getElementById(now ? "say-now" : "say");
    if (node) node.textContent = text;
  };
  const STAY = 8000;
  const arm = (toast) => {
    if (toast.dataset.armed !== undefined) return;
    toast.dataset.armed = "";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-sm";
    close.textContent = "Dismiss";
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    if (toast.matches(".toast-error, .toast-warning")) return; // what went wrong stays until it is read
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), STAY); };
    const stop = () => clearTimeout(timer);
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
    start();
  };
  const toast = (text, level = "info") => {
    const box = document.getElementById("toasts");
    if (!box) return;
    const node = document.createElement("div");
    node.className = `toast toast-${level}`;
    node.setAttribute("role", level === "error" ? "alert" : "status");
    const words = document.createElement("span");
    words.textContent = text;
    node.append(words);
    box.append(node);
    arm(node);
  };
  document.body.addEventListener("toast", (event) => toast(event.detail.text, event.detail.level));
  document.body.addEventListener("say", (event) => say(event.detail.text || event.detail.value || ""));

  // The token is read when a form is sent: a sign-in in another tab has changed it ------------------------------
  const token = () => {
    const name = `${document.body.dataset.csrfCookie}=`;
    const cookie = document.cookie.split("; ").find((part) => part.startsWith(name));
    return cookie ? decodeURIComponent(cookie.slice(name.length)) : "";
  };
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "get" || !token()) return;
    event.detail.headers["X-CSRFToken"] = token();
    if (event.detail.parameters.csrfmiddlewaretoken) event.detail.parameters.csrfmiddlewaretoken = token();
  });

  // A pressed button answers at once, and says when the answer is long in coming ---------------------------------
  const busy = (button) => {
    if (!button || button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const words = button.dataset.busy;
    if (words) {
      button.kept = [...button.childNodes];
      button.textContent = words;
    }
    button.slow = setTimeout(() => { if (words) button.textContent = "Still sending…"; }, 2000);
    button.stuck = setTimeout(() => { if (button.dataset.stuck) toast(button.dataset.stuck, "error"); }, 5000);
  };
  const ready = (button) => {
    if (!button || button.getAttribute("aria-busy") !== "true") return;
    button.removeAttribute("aria-busy");
    clearTimeout(button.slow);
    clearTimeout(button.stuck);
    if (button.kept) button.replaceChildren(...button.kept);
    button.kept = null;
  };
  const sender = (form) => form?.submittedBy || (form && $("button[type=submit], button:not([type])", form));
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    const button = event.submitter || sender(form);
    if (button?.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    form.submittedBy = button;
    const field = form.elements.csrfmiddlewaretoken;
    if (field && token()) field.value = token();
    if (form.matches("[hx-post]")) return;
    setTimeout(() => busy(button)); // after the browser has read the button's own name and value
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const source = event.detail.elt;
    if (event.detail.requestConfig.verb === "get" && !source.matches("button")) return;
    busy(source.matches("form") ? sender(source) : source);
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const source = event.detail.elt;
    ready(source.matches("form") ? sender(source) : source);
    if (!event.detail.successful || event.detail.requestConfig.verb === "get") return;
    if (source.matches("form")) forget(source);
    if (source.matches("form[data-reset]")) source.reset();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) for (const button of $$("[aria-busy=true]")) ready(button); });

  const quiet = (event) => (event.detail.requestConfig?.triggeringEvent?.type || "").startsWith("live:");
  document.body.addEventListener("htmx:responseError", (event) => {
    const answer = event.detail.xhr;
    if (quiet(event) || answer.status === 409) return; // a refusal brings its own words
    const id = answer.getResponseHeader("X-Request-Id");
    const words = { 403: "You may not do that.", 404: "It is no longer there." }[answer.status] || "It was not done: the server failed.";
    toast(id ? `${words} Request ${id}.` : words, "error");
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    if (!quiet(event)) toast(sender(event.detail.elt)?.dataset.stuck || "Not sent: there is no connection. Nothing has changed.", "error");
  });

  // Where a person is asked for a time zone for the first time, the browser's own is offered ----------------------
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of $$("[data-browser-zone]")) {
    if (zone && (!field.options || [...field.options].some((option) => option.value === zone))) field.value = zone;
  }

  // Text being written survives a reload of this tab; it goes when it is sent or the person signs out -----------
  const draftKey = (field) => `draft:${location.pathname}:${field.dataset.draft}`;
  const forget = (form) => { for (const field of $$("[data-draft]", form)) sessionStorage.removeItem(draftKey(field)); };
  const restore = (within) => {
    for (const field of $$("[data-draft]", within)) {
      const kept = sessionStorage.getItem(draftKey(field));
      if (kept && (!field.value || "draftWins" in field.dataset)) field.value = kept; // written after the page was drawn
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-draft]")) sessionStorage.setItem(draftKey(event.target), event.target.value);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[action$='/logout/']")) sessionStorage.clear();
    else if (!event.target.matches("[hx-post]")) forget(event.target);
  });

  const show = (dialog) => {
    dialog.showModal();
    $("[autofocus], .body :is(input:not([type=hidden]), select, textarea)", dialog)?.focus(); // not the button that closes it
  };

  // Dialogs, popovers, copying ------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.open);
      if (dialog) { event.preventDefault(); show(dialog); }
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target.matches("dialog")) event.target.close(); // a press on the backdrop
    for (const open of $$("details[data-pop][open]")) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom && $(button.dataset.copyFrom);
    const text = from ? from.value ?? from.textContent.trim() : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied", "success");
    } catch {
      toast("Copying is not allowed here. Select the text and copy it.", "error");
    }
  });

  // The palette: one field that finds, goes and does. Its options are links, so that a press does what it says ------
  const palette = document.getElementById("palette");
  if (palette) {
    const field = $("input", palette);
    const options = () => $$("[role=option]", palette);
    const choose = (option) => {
      for (const each of options()) each.setAttribute("aria-selected", String(each === option));
      if (option) field.setAttribute("aria-activedescendant", option.id);
      else field.removeAttribute("aria-activedescendant");
      option?.scrollIntoView({ block: "nearest" });
    };
    const chosen = () => $("[aria-selected=true]", palette);
    let shown = null; // for which words the options are
    let waits = false; // Enter came before the options for what was typed last
    const enter = () => chosen()?.click();
    palette.addEventListener("htmx:afterSettle", (event) => {
      shown = event.detail.requestConfig.parameters.q; // an answer may settle when the next words are asked for already
      choose(options()[0]);
      if (waits && shown === field.value) { waits = false; enter(); }
    });
    field.addEventListener("input", () => { waits = false; });
    palette.addEventListener("pointerover", (event) => { const option = event.target.closest("[role=option]"); if (option) choose(option); });
    palette.addEventListener("keydown", (event) => {
      const all = options();
      const at = all.indexOf(chosen());
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: field.value ? null : 0, End: field.value ? null : all.length - 1 }[event.key];
      if (to !== undefined && to !== null && all.length) { event.preventDefault(); choose(all[(to + all.length) % all.length]); }
      if (event.key === "Enter" && event.target === field) {
        event.preventDefault();
        if (shown === field.value) enter(); else waits = true;
      }
    });
    palette.addEventListener("close", () => { waits = false; });
    const summon = () => {
      if (palette.open) { palette.close(); return; }
      if ($("dialog[open]")) return;
      palette.showModal();
      field.select();
      htmx.trigger(field, "palette:open");
    };
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") { event.preventDefault(); summon(); }
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-open=palette]")) { event.preventDefault(); event.stopImmediatePropagation(); summon(); }
    }, true);
  }

  // Single-letter shortcuts: never while typing, and they can be switched off -------------------------------------
  const off = () => localStorage.getItem("shortcuts") === "off";
  const typing = (event) => event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const visible = (element) => element.checkVisibility?.() ?? true;
  const names = () => {
    const keys = $$("[data-key]").filter((element) => element.matches("[hidden]") || visible(element));
    const words = (element) => element.dataset.keyLabel || element.getAttribute("aria-label") || [...element.childNodes]
      .filter((node) => node.nodeName !== "KBD").map((node) => node.textContent).join("").trim();
    return [
      ...$$("[data-go]").map((link) => [`G ${link.dataset.go.toUpperCase()}`, `Go to ${$(".t", link)?.textContent || words(link)}`]),
      ...new Map(keys.map((element) => [element.dataset.key.toUpperCase(), words(element)])),
      ...($("[data-row]") ? [["J", "Next row"], ["K", "Previous row"]] : []),
      ...($("[type=search]") ? [["/", "Search"]] : []),
      ...(document.getElementById("palette") ? [["Ctrl K", "Search, go to or do"]] : []),
      ["?", "This list"],
      ["Esc", "Close"],
    ];
  };
  const sheet = () => {
    const dialog = document.getElementById("keys");
    if (!dialog) return;
    const list = $("[data-keys-list]", dialog);
    list.replaceChildren(...names().map(([key, words]) => {
      const row = document.createElement("div");
      const name = document.createElement("dt");
      for (const part of key.split(" ")) name.append(Object.assign(document.createElement("kbd"), { textContent: part }), " ");
      row.append(name, Object.assign(document.createElement("dd"), { textContent: words }));
      return row;
    }));
    $("[data-keys-switch]", dialog).checked = !off();
  };
  document.addEventListener("click", (event) => { if (event.target.closest("[data-open=keys]")) sheet(); }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-switch]")) localStorage.setItem("shortcuts", event.target.checked ? "on" : "off");
  });
  const step = (by) => {
    const rows = $$("[data-row]").filter(visible);
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.max(0, Math.min(rows.length - 1, here < 0 ? 0 : here + by))];
    (next?.matches("a, button") ? next : next && $("a, button", next))?.focus();
  };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = event.target.closest?.("form[data-ctrl-enter]");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.key === "Escape") for (const open of $$("details[data-pop][open]")) { open.open = false; $("summary", open).focus(); }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || off() || typing(event) || $("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (going && Date.now() - going < 1500) {
      going = 0;
      const link = $$("[data-go]").find((entry) => entry.dataset.go.toLowerCase() === key);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const target = $$("[data-key]").find((element) => element.dataset.key.toLowerCase() === key && (element.hidden || visible(element)));
    const does = {
      "g": () => { going = Date.now(); },
      "?": () => { sheet(); document.getElementById("keys")?.showModal(); },
      "/": () => $("[type=search]")?.focus(),
      "j": () => step(1),
      "k": () => step(-1),
    }[key] || (target && (() => target.click()));
    if (does) { event.preventDefault(); does(); }
  });

  // The tab says the worst of it: by its icon, and by its title while the reader is being paged --------------------
  const PAGED = "(!) You are being paged";
  let titled = "";
  const mood = () => {
    const found = document.getElementById("mood");
    if (!found) return;
    const icon = $("link[rel=icon]");
    if (icon.getAttribute("href") !== found.dataset.icon) icon.href = found.dataset.icon;
    const paged = found.dataset.mood === "paging";
    if (paged === ("paged" in root.dataset)) return;
    root.toggleAttribute("data-paged", paged);
    if (paged) titled = document.title;
    document.title = paged ? PAGED : titled;
  };

  // What arrives later, by htmx -----------------------------------------------------------------------------------
  const reachable = () => {
    for (const box of $$(".scroll-x")) {
      if (box.scrollWidth > box.clientWidth && !$("a, button, input, select", box)) box.tabIndex = 0; // arrow keys need a place
    }
  };
  addEventListener("resize", reachable);
  const settle = (within) => {
    reachable();
    mood();
    for (const node of $$("[data-toast]")) arm(node);
    for (const dialog of $$("dialog[data-show]", within)) {
      dialog.removeAttribute("data-show");
      dialog.addEventListener("close", () => dialog.remove());
      show(dialog);
    }
    const bad = $("[data-errors]", within);
    if (bad) ($("[aria-invalid=true]", within) || bad).focus();
    restore(within);
  };
  document.body.addEventListener("htmx:afterSettle", (event) => settle(event.detail.elt));
  settle(document);
})();
