// Where the visitors stand, as the browser tells it; without it, or if they say no, the two figures are typed in.
(() => {
  "use strict";

  document.querySelectorAll("[data-place]").forEach((button) => {
    if (!("geolocation" in navigator)) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const field = (name) => button.form.elements[name];
      navigator.geolocation.getCurrentPosition(
        (found) => {
          field("lat").value = found.coords.latitude.toFixed(6);
          field("lon").value = found.coords.longitude.toFixed(6);
          field("accuracy_m").value = Math.round(found.coords.accuracy);
          button.textContent = button.dataset.done;
        },
        () => { button.textContent = button.dataset.failed; },
        { enableHighAccuracy: true, timeout: 15000 },
      );
    });
  });
})();
