/* What a person typed, opened or chose survives a live update of the region around it, and nothing moves under the
   finger: a list with data-steady keeps its order while the pointer is over it or the focus in it, a list with
   data-grows takes what is new above the rest only while its top is in sight. A button (data-reorder in the region,
   data-new-in="id of the list" beside it) says what waits, and lets it in. */
(() => {
  "use strict";
  const changed = (field) => {
    if (field.matches("input[type=checkbox], input[type=radio]")) return field.checked !== field.defaultChecked;
    if (field.matches("input[type=hidden]")) return false;
    if (field.matches("input, textarea")) return field.value !== field.defaultValue;
    if (!field.matches("select")) return false;
    const options = [...field.options];
    const preset = options.some((option) => option.defaultSelected);
    return options.some((option, place) => {
      const chosenAtFirst = preset || field.multiple ? option.defaultSelected : place === 0;
      return option.selected !== chosenAtFirst;
    });
  };
  Idiomorph.defaults.ignoreActiveValue = true;
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) =>
    old.nodeType !== Node.ELEMENT_NODE || !(old.hasAttribute("data-live-skip") || changed(old));
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) =>
    !(name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG"));

  const pointer = matchMedia("(hover: hover)");
  const isHeld = (list) => list.contains(document.activeElement) || (pointer.matches && list.matches(":hover"));
  const isAtTop = (list) => list.getBoundingClientRect().top >= 0;
  const keepOrder = (list, fresh) => {
    const order = new Map([...list.children].map((row, n) => [row.id, n]));
    const place = (row) => order.get(row.id) ?? order.size;
    const rows = [...fresh.children];
    const kept = [...rows].sort((one, other) => place(one) - place(other));
    fresh.append(...kept);
    return kept.some((row, n) => row !== rows[n]);
  };
  const holdBack = (list, fresh) => {
    const known = new Set([...list.children].map((row) => row.id));
    const rows = [...fresh.children];
    const late = rows.slice(0, Math.max(0, rows.findIndex((row) => known.has(row.id))));
    for (const row of late) row.remove();
    return late.length;
  };
  const hold = (old, [fresh]) => {
    const steady = old.querySelector("[data-steady]");
    const ordered = fresh?.querySelector("[data-steady]");
    if (steady && ordered && isHeld(steady)) fresh.querySelector("[data-reorder]").hidden = !keepOrder(steady, ordered);
    if (!old.matches("[data-grows]") || !fresh) return;
    const count = isAtTop(old) ? 0 : holdBack(old, fresh);
    const button = document.querySelector(`[data-new-in="${old.id}"]`);
    button.hidden = !count;
    button.textContent = `${count} new`;
  };
  const morph = Idiomorph.morph;
  Idiomorph.morph = (old, fresh, config) => {
    hold(old, fresh);
    return morph(old, fresh, config);
  };

  const letIn = (button) => {
    button.hidden = true;
    document.body.dispatchEvent(new CustomEvent("live:resync"));
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reorder], [data-new-in]");
    if (!button) return;
    if (button.dataset.newIn) document.getElementById(button.dataset.newIn).parentElement.scrollIntoView();
    letIn(button);
  });
  addEventListener("scroll", () => {
    for (const button of document.querySelectorAll("[data-new-in]:not([hidden])")) {
      if (isAtTop(document.getElementById(button.dataset.newIn))) letIn(button);
    }
  }, { passive: true });
})();
