// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// node look.js PAGE [DIRECTORY]: look at a page with a browser, at a phone's width and a desk's,
// in light and dark, and print what was found as JSON; with a directory, screenshots into it.
"use strict";
const fs = require("fs");
const path = require("path");
const CDP = require("chrome-remote-interface");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const { HOST, sleep, withBrowser } = require("./browser.js");

const WIDTHS = [360, 1440];
const SCHEMES = ["light", "dark"];

// What the page did while it was loaded, beyond being there.
function listen(client, url, seen) {
	client.Runtime.consoleAPICalled((e) => seen.console.push(e.args.map((a) => a.value).join(" ")));
	client.Runtime.exceptionThrown((e) => seen.console.push(e.exceptionDetails.text));
	client.Log.entryAdded((e) => seen.console.push(e.entry.text));
	client.Network.requestWillBeSent((e) => {
		if (e.request.url !== url)
			seen.requests.push(e.request.url);
	});
}

// Run in the page.
const MEASURE = `(async () => {
	for (const d of document.querySelectorAll("details"))
		d.open = true;
	const root = document.documentElement;
	const found = await axe.run(document, { resultTypes: ["violations", "incomplete"] });
	const tell = (list) => list.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(" | "));
	return JSON.stringify({
		violations: tell(found.violations),
		incomplete: tell(found.incomplete),
		passes: found.passes.length,
		wider: root.scrollWidth - root.clientWidth,
		scripts: document.scripts.length,
		background: getComputedStyle(document.body).backgroundColor,
		headings: [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((h) => Number(h.tagName[1])),
		text: document.body.innerText.length,
		images: document.querySelectorAll("svg[role=img]").length,
	});
})()`;

async function look(port, url, width, scheme, shot) {
	const target = await CDP.New({ host: HOST, port });
	const client = await CDP({ host: HOST, port, target });
	const seen = { width, scheme, console: [], requests: [] };

	try {
		await Promise.all([client.Page.enable(), client.Runtime.enable(), client.Log.enable(), client.Network.enable()]);
		listen(client, url, seen);
		await client.Emulation.setDeviceMetricsOverride({ width, height: width < 800 ? 780 : 900, deviceScaleFactor: 1, mobile: width < 800 });
		await client.Emulation.setEmulatedMedia({ features: [{ name: "prefers-color-scheme", value: scheme }] });
		const loaded = client.Page.loadEventFired();
		await client.Page.navigate({ url });
		await loaded;
		await sleep(200);
		if (shot) {
			for (const [name, all] of [["", true], ["-top", false]]) {
				const { data } = await client.Page.captureScreenshot({ format: "png", captureBeyondViewport: all });
				fs.writeFileSync(path.join(shot, `${scheme}-${width}${name}.png`), data, "base64");
			}
		}
		await client.Runtime.evaluate({ expression: axe });
		const { result, exceptionDetails } = await client.Runtime.evaluate({ expression: MEASURE, awaitPromise: true });
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception.description);
		return Object.assign(seen, JSON.parse(result.value));
	} finally {
		await client.close();
		await CDP.Close({ host: HOST, port, id: target.id });
	}
}

async function main(page, shot) {
	const url = `file://${path.resolve(page)}`;
	const results = [];

	await withBrowser(async (port) => {
		for (const width of WIDTHS)
			for (const scheme of SCHEMES)
				results.push(await look(port, url, width, scheme, shot));
	});
	console.log(JSON.stringify(results));
}

main(process.argv[2], process.argv[3]).catch((e) => {
	console.error(String(e));
	process.exit(1);
});
