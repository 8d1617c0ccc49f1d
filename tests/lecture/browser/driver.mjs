// driver.mjs: Debian's Chromium, driven by playwright-core, which ./setup --lecture puts into build/lecture-tools. Keeps what a
// page complains about: errors, warnings, and every request that leaves it.

import { createRequire } from "node:module";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const tree = fileURLToPath(new URL("../../..", import.meta.url));
export const tools = createRequire(join(tree, "build/lecture-tools/package.json"));

export function chromiumPath() {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of (process.env.PATH ?? "").split(":")) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // the next one
      }
    }
  }
  return null;
}

// Result: { page, complaints, close }. complaints() gives what was said since it was last called.
export async function open({ width = 1280, height = 720, theme = "light" } = {}) {
  const { chromium } = tools("playwright-core");
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"] });
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme, acceptDownloads: true });
  const said = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => !/^(file|data|about|blob):/.test(request.url()) && said.push(`the page asked for ${request.url()}`));
  return { page, complaints: () => said.splice(0), close: () => browser.close() };
}

export async function resize(page, width, height, theme) {
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: theme });
}
