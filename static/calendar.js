/* Additions to the on-call calendar: arrow keys from shift to shift, and a small form in place for a period that is
   drawn over the line that says who is paged, or for the shift on which O is pressed. Without script every shift is a
   link, and the form stands on the page. */
(() => {
  "use strict";
  const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
  const picture = () => document.querySelector(".cal[data-columns]");
  const links = (row) => [...row.querySelectorAll("a.shift, a.gap")];
  const rows = () => [...document.querySelectorAll(".cal-row")].filter((row) => links(row).length);

  // One stop for Tab in the whole picture; the arrows go on from there.
  const rove = (chosen) => {
    for (const link of links(picture())) link.tabIndex = link === chosen ? 0 : -1;
  };
  const settle = () => {
    const box = picture();
    if (!box) return;
    const all = links(box);
    const stop = all.find((link) => link === document.activeElement) ?? box.querySelector(".cal-final a.shift, .cal-final a.gap") ?? all[0];
    if (stop) rove(stop);
  };
  const nearest = (row, from) => {
    const middle = from.getBoundingClientRect().left + from.offsetWidth / 2;
    const far = (link) => Math.abs(link.getBoundingClientRect().left + link.offsetWidth / 2 - middle);
    return links(row).reduce((best, link) => (far(link) < far(best) ? link : best));
  };
  const next = (from, key) => {
    const row = from.closest(".cal-row");
    const own = links(row);
    if (STEPS[key]) return own[own.indexOf(from) + STEPS[key]];
    if (key === "Home") return own[0];
    if (key === "End") return own.at(-1);
    const all = rows();
    const other = all[all.indexOf(row) + ({ ArrowDown: 1, ArrowUp: -1 }[key] ?? NaN)];
    return other && nearest(other, from);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && (drawn || offer())) { event.preventDefault(); close(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = event.target.closest?.(".cal a.shift, .cal a.gap");
    const to = from && next(from, event.key);
    if (!to) return;
    event.preventDefault();
    rove(to);
    to.focus();
  });

  // A period is drawn in the columns of the picture: `first` is where it began, `last` where the pointer is.
  let drawn = null;
  const drop = () => { drawn?.mark.remove(); drawn = null; };
  const column = (event) => {
    const box = drawn.track.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(drawn.columns - 1, Math.max(0, Math.floor(share * drawn.columns)));
  };
  const show = () => {
    const start = Math.min(drawn.first, drawn.last);
    drawn.mark.className = `picked h-${start} w-${Math.abs(drawn.last - drawn.first) + 1}`;
  };
  document.addEventListener("pointerdown", (event) => {
    const track = event.target.closest?.(".cal[data-cover] .cal-final .track");
    if (!track || event.button !== 0 || event.pointerType === "touch") return;
    if (offer()) close();
    const box = picture();
    drawn = { track, box, columns: Number(box.dataset.columns), mark: document.createElement("i"), moved: false };
    drawn.first = drawn.last = column(event);
  });
  document.addEventListener("pointermove", (event) => {
    if (!drawn || drawn.done) return;
    const at = column(event);
    if (at === drawn.last && !drawn.moved) return;
    if (!drawn.moved) drawn.track.append(drawn.mark);
    drawn.moved = true;
    drawn.last = at;
    show();
  });
  document.addEventListener("pointerup", () => {
    if (!drawn?.moved || drawn.done) { if (!drawn?.done) drawn = null; return; }
    const { box, columns } = drawn;
    const begin = Date.parse(box.dataset.start);
    const unit = (Date.parse(box.dataset.end) - begin) / columns;
    const edge = (number) => new Date(begin + number * unit).toISOString();
    const start = edge(Math.min(drawn.first, drawn.last));
    const end = edge(Math.max(drawn.first, drawn.last) + 1);
    drawn.done = true;
    swallow = true;
    setTimeout(() => { swallow = false; });
    open({ at: start, start, end }, drawn.mark, drawn.track.querySelector("a[tabindex='0']"));
  });
  document.addEventListener("pointercancel", () => { if (!drawn?.done) drop(); });
  // Whoever comes back by the browser's arrow finds the page as it was left.
  addEventListener("pageshow", drop);
  // A link or its text is not dragged away; a click that ends a drawing goes nowhere.
  document.addEventListener("dragstart", (event) => { if (drawn && !drawn.done) event.preventDefault(); });
  let swallow = false;
  document.addEventListener("click", (event) => { if (swallow) event.preventDefault(); }, true);

  // The form in place: beside what it is about, with the focus in it, and back where one was when it closes.
  const here = () => document.getElementById("cover-here");
  const offer = () => here()?.querySelector(".quick");
  let beside = null;
  let back = null;
  const open = (period, by, from) => {
    if (offer()) close({ kept: drawn });
    beside = by;
    back = from;
    const address = new URL(here().dataset.from, location.href);
    for (const [name, value] of Object.entries(period)) address.searchParams.set(name, value);
    htmx.ajax("GET", `${address.pathname}${address.search}`, { target: "#cover-here", swap: "innerHTML" });
  };
  const close = ({ kept = null } = {}) => {
    here()?.replaceChildren();
    if (kept) return;
    drop();
    (back?.isConnected ? back : document.querySelector(".cal a[tabindex='0']"))?.focus();
  };
  const place = (form) => {
    const box = form.closest(".cal-box").getBoundingClientRect();
    const about = (beside?.isConnected ? beside : picture()).getBoundingClientRect();
    const width = form.offsetWidth;
    const [before, after] = [about.left - box.left - width - 12, about.right - box.left + 12];
    const start = before >= 0 ? before : after + width <= box.width ? after : Math.max(0, (box.width - width) / 2);
    form.style.insetInlineStart = `${start}px`;
    form.style.insetBlockStart = `${picture().getBoundingClientRect().top - box.top + 40}px`;
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "cover-here") return;
    const form = offer();
    if (!form) { close(); return; }
    place(form);
    (form.querySelector("[aria-invalid]") ?? form.querySelector("select"))?.focus();
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-cover-close]")) close(); });
  // Before the shortcuts of the shell, which lead to the form of the page.
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.(".cal[data-cover] a.shift, .cal[data-cover] a.gap");
    if (!link || event.key.toLowerCase() !== "o" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    open({ at: new URL(link.href).searchParams.get("at") }, link, link);
  }, true);
  document.addEventListener("htmx:afterSettle", settle);
  settle();
})();
