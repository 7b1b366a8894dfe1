// Small comforts on every page. Each page works without this file.

// A form that asks leaves out what was not filled in, so that addresses stay short.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "get") return;
  for (const field of form.elements) {
    if (field.name && (field.value === "" || field.value === field.dataset.default)) {
      field.disabled = true;
    }
  }
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[method=get] [name]:disabled")) {
    field.disabled = false;
  }
});

// A facet or an order asks again as soon as it is chosen.
for (const form of document.querySelectorAll("form[data-asks-at-once]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("input[type=checkbox], select")) form.requestSubmit();
  });
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = label), 2000);
  });
}

// Menus close by Escape, by a click elsewhere and when the focus leaves.
const menus = [...document.querySelectorAll("details.menu")];
for (const menu of menus) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}
document.addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});

// A result lights its footprints, and a footprint its result.
export function light(lidvid, on) {
  for (const found of document.querySelectorAll(`[data-product="${CSS.escape(lidvid)}"]`)) {
    found.classList.toggle("lit", on);
  }
  document.dispatchEvent(new CustomEvent("light", { detail: { lidvid, on } }));
}
for (const [event, on] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(event, ({ target, relatedTarget }) => {
    const found = target.closest?.("[data-product]");
    if (!found || found.contains(relatedTarget)) return;
    light(found.dataset.product, on);
  });
}
