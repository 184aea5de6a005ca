// A button that asks the relay to do something. What would interrupt somebody asks once more before it
// does. When the relay refuses, its sentence stands beside the button.
import { element, say } from "./element.js";

const SURE_MS = 4000;
const SAID_MS = 8000;

/**
 * `label` on the button, `about` what it does, for whoever reads or hears it; `ask()`: {path, body} of
 * the POST; `sure`: it asks once more.
 */
export function deed(label, about, ask, { sure = false } = {}) {
  const said = element("output", { class: "said" });
  const button = element("button", { type: "button", "aria-label": about, title: about }, label);
  let asked = 0;
  button.addEventListener("click", async () => {
    if (sure && !asked) {
      asked = setTimeout(() => { asked = 0; say(button, label); }, SURE_MS);
      say(button, `really ${label}?`);
      return;
    }
    clearTimeout(asked);
    asked = 0;
    say(button, label);
    button.disabled = true;
    const failed = await done(ask());
    button.disabled = false;
    say(said, failed);
    if (failed) setTimeout(() => say(said, ""), SAID_MS);
  });
  return element("span", { class: "deed" }, button, said);
}

/** POST it. What went wrong, in the relay's words; "" when nothing did. */
async function done({ path, body = {} }) {
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  try {
    const answer = await fetch(path, request);
    if (answer.ok) return "";
    const problem = await answer.json().catch(() => ({}));
    return [problem.detail ?? `The relay answered ${answer.status}.`, problem.hint].filter(Boolean).join(" ");
  } catch {
    return "The relay does not answer.";
  }
}
