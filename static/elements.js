/* Times that go on being true. Each draws into a shadow root, so a live update of the page cannot blank it, and runs
   by the server's clock (`data-now` on the body), so a wrong clock on a phone does not lie. Without script the text
   the server wrote stays. core/ui/times.py writes the same words. */
(() => {
  "use strict";
  const DAY = 86400;
  const two = (number) => String(number).padStart(2, "0");

  const skew = (() => {
    const server = Date.parse(document.body.dataset.now);
    const [entry] = performance.getEntriesByType("navigation");
    const received = performance.timeOrigin + (entry ? entry.responseStart : 0);
    return Number.isNaN(server) ? 0 : server - received;
  })();
  const now = () => Date.now() + skew;

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole >= DAY) return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / 3600)} h`;
    const hours = Math.floor(whole / 3600);
    const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
    return hours ? `${hours}:${rest}` : rest;
  };

  const relative = (seconds) => {
    const far = Math.abs(seconds);
    if (far < 45) return "just now";
    const minutes = Math.round(far / 60);
    const distance = minutes < 60 ? `${minutes} min` : `${Math.round(far / 3600)} h`;
    return seconds > 0 ? `${distance} ago` : `in ${distance}`;
  };

  const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const parts = (instant, zone) => {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
    });
    const found = Object.fromEntries(format.formatToParts(instant).map((part) => [part.type, part.value]));
    const weekday = WEEKDAYS[new Date(Date.UTC(+found.year, +found.month - 1, +found.day)).getUTCDay()];
    return { ...found, date: `${weekday} ${+found.day} ${MONTHS[+found.month - 1]}`, time: `${found.hour}:${found.minute}` };
  };

  const ticking = new Set();
  setInterval(() => { if (!document.hidden) for (const element of ticking) element.draw(); }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) for (const element of ticking) element.draw(); });

  class Ticking extends HTMLElement {
    constructor() { super(); this.attachShadow({ mode: "open" }); }
    connectedCallback() { ticking.add(this); this.draw(); }
    disconnectedCallback() { ticking.delete(this); }
    attributeChangedCallback() { if (this.isConnected) this.draw(); }
    instant(name) { return Date.parse(this.getAttribute(name)); }
    show(text) { if (this.shadowRoot.textContent !== text) this.shadowRoot.textContent = text; }
    draw() {
      let text;
      try { text = this.words(); } catch { text = null; }
      this.show(text ?? this.textContent);
    }
  }

  customElements.define("local-time", class extends Ticking {
    static observedAttributes = ["datetime", "zone"];
    words() {
      const at = this.instant("datetime");
      if (Number.isNaN(at)) return null;
      const seconds = (now() - at) / 1000;
      const zone = this.getAttribute("zone") || undefined;
      const recent = Math.abs(seconds) < DAY;
      if (recent && this.getAttribute("form") === "ago") return relative(seconds);
      const local = parts(at, zone);
      if (recent) return `${local.time}, ${relative(seconds)}`;
      const year = local.year === parts(now(), zone).year ? "" : ` ${local.year}`;
      return `${local.date}${year} ${local.time}`;
    }
  });

  customElements.define("since-time", class extends Ticking {
    static observedAttributes = ["since"];
    words() {
      const at = this.instant("since");
      return Number.isNaN(at) ? null : clock((now() - at) / 1000);
    }
  });

  const SPOKEN = { 300: "in 5 minutes", 60: "in 1 minute", 0: "now" };

  customElements.define("count-down", class extends Ticking {
    static observedAttributes = ["until", "total"];
    words() {
      const at = this.instant("until");
      if (Number.isNaN(at)) return null;
      const left = Math.ceil((at - now()) / 1000);
      this.mark(left, Number(this.getAttribute("total")) || 0);
      this.speak(left);
      const text = left >= 0 ? clock(left) : `+${clock(-left)}`;
      if (this.hasAttribute("in-title")) this.head(text);
      return text;
    }
    mark(left, total) {
      const box = this.closest(".due");
      if (box) {
        box.classList.toggle("is-late", left < 0);
        box.classList.toggle("is-soon", left >= 0 && total > 0 && left <= total / 5);
      }
      const meter = (box || this.parentElement)?.querySelector(".meter");
      if (!meter || !total) return;
      const share = this.hasAttribute("drain") ? left : total - left;
      const wanted = `pct-${Math.max(0, Math.min(100, Math.round((100 * share) / total)))}`;
      if (meter.classList.contains(wanted)) return;
      meter.classList.remove(...[...meter.classList].filter((name) => name.startsWith("pct-")));
      meter.classList.add(wanted);
    }
    speak(left) {
      const what = this.getAttribute("say");
      if (!what || this.spoken === left || !(left in SPOKEN)) return;
      this.spoken = left;
      document.getElementById("say").textContent = `${what} ${SPOKEN[left]}`;
    }
    head(text) {
      if ("paged" in document.documentElement.dataset) return; // shell.js has the title until the page is answered
      this.plain ??= document.title.replace(/^\([^)]*\) /, "");
      document.title = `(${text}) ${this.plain}`;
    }
  });
})();
