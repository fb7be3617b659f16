// Small helps on the borrower's pages; each works without this script.
"use strict";

// A picture that was chosen says so before it is sent.
for (const input of document.querySelectorAll("input[data-shot]")) {
  input.addEventListener("change", () => {
    const shot = input.closest(".shot");
    shot.classList.toggle("ok", input.files.length > 0);
    shot.querySelector("[data-said]").textContent = input.files.length > 0 ? input.dataset.shot : "";
  });
}

// Another sum or another plan shows its cost at once.
for (const form of document.querySelectorAll("form[data-recounts]")) {
  form.addEventListener("change", () => form.querySelector("[data-recount]").click());
}
