// While a text is written: how it stands on the phone with usual values, its length and its parts. "Check" tells the same without this.
(() => {
  "use strict";

  const field = document.querySelector("textarea[data-counts]");
  const bubble = document.querySelector("[data-bubble]");
  if (!field || !bubble) return;
  const samples = JSON.parse(bubble.dataset.samples);
  const one = Number(bubble.dataset.one);
  const long = Number(bubble.dataset.long);

  // A character that takes two units is never cut.
  const partsOf = (text) => {
    if (text.length <= one) return 1;
    let parts = 1;
    let room = long;
    for (const character of text) {
      if (character.length > room) { parts += 1; room = long; }
      room -= character.length;
    }
    return parts;
  };

  const show = () => {
    const words = field.value.trim().replace(/\{([^{}]*)\}/g, (whole, name) => Object.hasOwn(samples, name) ? samples[name] : whole);
    const text = bubble.dataset.signature + words;
    bubble.textContent = text;
    document.querySelector("[data-length]").textContent = String(Array.from(text).length);
    document.querySelector("[data-parts]").textContent = String(partsOf(text));
  };
  field.addEventListener("input", show);
})();
