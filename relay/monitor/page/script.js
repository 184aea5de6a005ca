// Others' scripts, loaded when they are first wanted, once, in the order asked for.
import { element } from "./element.js";

const scripts = new Map();

/** Load a script. Rejects when it does not come; the next call then tries again. */
export function loaded(url) {
  if (!scripts.has(url)) {
    scripts.set(url, new Promise((resolve, reject) => {
      const script = element("script", { src: url, on: { load: () => resolve(), error: () => reject(new Error(url)) } });
      document.head.append(script);
    }).catch((error) => {
      scripts.delete(url);
      throw error;
    }));
  }
  return scripts.get(url);
}

/** Load a style sheet, once; nobody waits for it. */
export function styled(url) {
  if (scripts.has(url)) return;
  scripts.set(url, null);
  document.head.append(element("link", { rel: "stylesheet", href: url }));
}
