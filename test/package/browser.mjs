// Chromium, driven by playwright-core: pages that are served from a folder, and what they print.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".map": "application/json" };

/** Serves `folder` on a port of its own; `headers` by path, for policies. */
export async function serve(folder, headers = {}) {
  const server = createServer(({ url }, response) => {
    const path = new URL(url, "http://localhost").pathname;
    try {
      const body = readFileSync(join(folder, path));
      response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain", ...headers[path] });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens pages in turn: for each the line that it logs after "RESULT ", and all else that it logs. */
export async function visit(chromium, executablePath, addresses) {
  const browser = await chromium.launch({ executablePath, args: flags });
  try {
    const seen = [];
    for (const address of addresses) {
      const page = await browser.newPage();
      const others = [];
      const result = new Promise((resolve, reject) => {
        page.on("pageerror", (error) => reject(new Error(`${address}: ${error.message}`)));
        page.on("console", (message) => {
          const text = message.text();
          if (text.startsWith("RESULT ")) resolve(text.slice("RESULT ".length));
          else others.push(`${message.type()}: ${text}`);
        });
      });
      await page.goto(address);
      seen.push({ result: await result, others });
      await page.close();
    }
    return seen;
  } finally {
    await browser.close();
  }
}
