// node report.js CHROMIUM FILE FOLDER: prints what a screen of each kind shows of the page, and leaves pictures.
const { pathToFileURL } = require("node:url");
const axe = require("axe-core").source;
const { chromium } = require("playwright-core");

const [executablePath, file, pictures] = process.argv.slice(2);

async function shown(browser, width, colorScheme) {
  const viewport = { width, height: 844 };
  const page = await browser.newPage({ viewport, colorScheme, deviceScaleFactor: 2 });
  const trouble = [];
  page.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => request.url().startsWith("http") && trouble.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.evaluate(axe);
  const found = await page.evaluate(async () => ({
    violations: (await axe.run()).violations.map((one) => `${one.id}: ${one.nodes[0].html}`),
    width: document.documentElement.scrollWidth,
    background: getComputedStyle(document.body).backgroundColor,
    figures: [...document.images].map((image) => ({
      drawn: image.naturalWidth > 0,
      alternative: image.alt,
      vector: image.src.startsWith("data:image/svg+xml"),
    })),
    footer: document.querySelector("footer").innerText,
  }));
  await page.screenshot({ path: `${pictures}/${width}-${colorScheme}.png`, fullPage: true });
  await page.close();
  return { trouble, ...found };
}

(async () => {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0 });
  const all = {};
  for (const width of [1280, 390]) {
    for (const scheme of ["light", "dark"]) {
      all[`${width} ${scheme}`] = await shown(browser, width, scheme);
    }
  }
  await browser.close();
  console.log(JSON.stringify(all));
})();
