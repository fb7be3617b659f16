// Walks the demo clock on by itself; without it the button does.
"use strict";
document.querySelectorAll("form[data-walks]").forEach((form) => window.setTimeout(() => form.requestSubmit(), 150));
