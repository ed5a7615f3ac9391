/* What a person typed, opened or chose survives a live update of the region around it. */
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
})();
