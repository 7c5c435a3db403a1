// node notebook.js CHROMIUM URL FOLDER: runs all cells in JupyterLab, and prints what comes of it.
const { chromium } = require("playwright-core");

const [executablePath, url, pictures] = process.argv.slice(2);

(async () => {
  const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid() !== 0 });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(90000); // the first import of a new environment takes its time
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(String(error)));
  await page.goto(url);
  await page.locator(".jp-Notebook .jp-CodeCell").first().waitFor();
  const kernel = page.locator(".jp-Toolbar-kernelName");
  await page.getByText(/^Python 3.* \| Idle$/).waitFor(); // nobody had to choose it
  await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
  await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
  const errors = page.locator('[data-mime-type="application/vnd.jupyter.stderr"]');
  const figure = page.locator(".jp-OutputArea-output img").nth(1); // the last cell's
  await figure.or(errors.first()).first().waitFor({ state: "attached" });
  const said = await errors.allInnerTexts();
  const drawn = said.length ? 0 : await figure.evaluate((image) => image.naturalWidth);
  if (drawn) await figure.scrollIntoViewIfNeeded();
  // Without what JupyterLab asks a new user: whether to show news.
  await page.screenshot({ path: `${pictures}/notebook.png`, style: ".Toastify { display: none }" });
  console.log(JSON.stringify({ kernel: await kernel.innerText(), drawn, errors: said, trouble }));
  await browser.close();
})();
