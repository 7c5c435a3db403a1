// node notebook.js CHROMIUM URL FOLDER: runs all cells in JupyterLab, and prints what comes of it.
const { chromium } = require("playwright-core");

const [executablePath, url, pictures] = process.argv.slice(2);

(async () => {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0 });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(String(error)));
  await page.goto(url);
  await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor();
  const kernel = page.locator(".jp-Toolbar-kernelName");
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor();
  await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
  await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
  const figure = page.locator(".jp-OutputArea-output img").last();
  await figure.waitFor({ state: "attached", timeout: 60000 });
  await figure.scrollIntoViewIfNeeded();
  await page.screenshot({ path: `${pictures}/notebook.png` });
  const drawn = await figure.evaluate((image) => image.naturalWidth);
  const errors = await page.locator('[data-mime-type="application/vnd.jupyter.error"]').allInnerTexts();
  console.log(JSON.stringify({ kernel: await kernel.innerText(), drawn, errors, trouble }));
  await browser.close();
})();
