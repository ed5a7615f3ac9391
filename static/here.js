/* Who has this page open: said by the stream, drawn without asking for anything. The browser keeps its own seat by
   saying every ten seconds that it is still there; one that has lost its connection is gone by its silence. */
(() => {
  "use strict";
  const body = document.body;
  const KEEP = 10000;
  const SHOWN = 5;
  let seat = "", timer = 0;

  const token = () => {
    const name = `${body.dataset.csrfCookie}=`;
    const cookie = document.cookie.split("; ").find((part) => part.startsWith(name));
    return cookie ? decodeURIComponent(cookie.slice(name.length)) : "";
  };
  const keep = async () => {
    if (!seat || document.documentElement.dataset.live !== "on") return;
    try {
      const answer = await fetch("/here/", { method: "POST", headers: { "X-CSRFToken": token() }, body: new URLSearchParams({ seat }) });
      if (answer.status === 410) { seat = ""; body.dispatchEvent(new CustomEvent("live:unseated")); }
    } catch { /* the stream notices as well, and opens again */ }
  };
  body.addEventListener("live:seat", (event) => {
    seat = event.detail;
    clearInterval(timer);
    timer = setInterval(keep, KEEP * (0.9 + Math.random() * 0.2));
  });

  const make = (name, attributes, text) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const face = ({ id, name, initials }) => make("span", { class: `av p${id % 8}`, role: "img", "aria-label": name, title: name }, initials);
  const entry = (person) => {
    const row = make("li", { class: "who" });
    row.append(make("span", { class: `av p${person.id % 8}`, "aria-hidden": "true" }, person.initials), make("span", {}, person.name));
    return row;
  };
  let told = null;
  const draw = () => {
    const box = document.getElementById("here");
    if (!box || !told) return;
    const { number, people } = told;
    box.hidden = !number;
    box.dataset.liveSkip = "";
    box.querySelector("[data-here-count]").textContent = `${number} here now`;
    const more = number > SHOWN ? [make("span", { class: "av av-more" }, `+${number - SHOWN}`)] : [];
    box.querySelector(".avs").replaceChildren(...people.slice(0, SHOWN).map(face), ...more);
    const rest = number > people.length ? [make("li", { class: "mut" }, `and ${number - people.length} more`)] : [];
    box.querySelector("ul").replaceChildren(...people.map(entry), ...rest);
  };
  body.addEventListener("live:here", (event) => {
    const next = JSON.parse(event.detail);
    if (next.topic !== body.dataset.liveHere) return;
    told = next;
    draw();
  });
  // Where the stream says no more who is there, the page says what it says when it is loaded or drawn again.
  body.addEventListener("live:state", (event) => {
    if (event.detail.state === "polling") { told = null; delete document.getElementById("here")?.dataset.liveSkip; }
  });
})();
