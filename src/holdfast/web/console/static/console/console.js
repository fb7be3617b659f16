// Keys for hands that stay on the keyboard, toasts that leave by themselves, and copying a link.
// Everything here can also be done without it.
(() => {
  "use strict";

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
  const rows = () => Array.from(document.querySelectorAll("[data-row]"));
  const goes = JSON.parse(document.body.dataset.goes || "{}");
  const keysOff = document.cookie.split("; ").includes("holdfast_keys=off");
  let waitingForPlace = false;

  const move = (step) => {
    const all = rows();
    if (all.length === 0) return;
    const now = all.findIndex((row) => row.getAttribute("aria-current") === "true");
    const next = Math.max(0, Math.min(all.length - 1, now + step));
    all.forEach((row, index) => index === next ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current"));
    const link = all[next].querySelector("a");
    if (link) link.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (keysOff || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (waitingForPlace) {
      waitingForPlace = false;
      if (goes[event.key]) window.location.assign(goes[event.key]);
      return;
    }
    if (event.key === "/") {
      const search = document.getElementById("q");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (event.key === "g") {
      waitingForPlace = true;
      window.setTimeout(() => { waitingForPlace = false; }, 1500);
    } else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "?") {
      const help = document.getElementById("keys");
      if (help) help.showModal();
    }
  });

  document.querySelectorAll(".toast").forEach((toast) => {
    const leave = () => { if (!toast.matches(":hover, :focus-within")) toast.classList.add("gone"); else window.setTimeout(leave, 1500); };
    window.setTimeout(leave, 6000);
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const copier = event.target.closest("[data-copies]");
    if (copier) {
      event.preventDefault();
      navigator.clipboard.writeText(window.location.href).then(() => { copier.setAttribute("aria-pressed", "true"); });
    }
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.removeAttribute("open"); });
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    else if (form.method === "post") form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
})();
