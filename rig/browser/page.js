// node page.js CHROMIUM FILE PICTURE WIDTH HEIGHT: the top of a page, as a screen of that size shows it.
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const [executablePath, file, path, width, height] = process.argv.slice(2);

(async () => {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0 });
  const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) } });
  await page.goto(pathToFileURL(file).href);
  await page.screenshot({ path });
  console.log(JSON.stringify({ title: await page.title() }));
  await browser.close();
})();
