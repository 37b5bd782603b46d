// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// node dashboard.js PANELS PICTURE: PANELS is a list of {title, url} as JSON. Each url is a page of Prometheus with
// one graph; a picture of them all, each below its title.
"use strict";
const fs = require("fs");
const CDP = require("chrome-remote-interface");
const { HOST, sleep, withBrowser } = require("./browser.js");

const [WIDTH, COLUMNS, MARGIN] = [560, 2, 8];
// Lower than Prometheus has them.
const LOW = `addEventListener("DOMContentLoaded", () => {
	document.head.insertAdjacentHTML("beforeend", "<style>.graph { min-height: 220px !important }</style>");
})`;

async function inPage(port, url, width, what) {
	const target = await CDP.New({ host: HOST, port });
	const client = await CDP({ host: HOST, port, target });

	try {
		await Promise.all([client.Page.enable(), client.Runtime.enable()]);
		await client.Emulation.setDeviceMetricsOverride({ width, height: 900, deviceScaleFactor: 1, mobile: false });
		await client.Page.addScriptToEvaluateOnNewDocument({ source: LOW });
		const loaded = client.Page.loadEventFired();
		await client.Page.navigate({ url });
		await loaded;
		return await what(client);
	} finally {
		await client.close();
		await CDP.Close({ host: HOST, port, id: target.id });
	}
}

async function evaluate(client, expression) {
	const { result, exceptionDetails } = await client.Runtime.evaluate({ expression, returnByValue: true });

	if (exceptionDetails)
		throw new Error(exceptionDetails.exception.description);
	return result.value;
}

// The graph and its legend, once they are drawn.
const FOUND = `(() => {
	const [area, legend] = [".graph_area", ".legend"].map((s) => document.querySelector(s));
	if (!area || !area.querySelector("svg path") || !legend || !legend.innerText)
		return null;
	const [above, below] = [area.getBoundingClientRect(), legend.getBoundingClientRect()];
	return { x: above.x, y: above.y + window.scrollY, width: above.width, height: below.bottom - above.top, scale: 1 };
})()`;

async function graph(client, title) {
	let clip = null;

	for (let i = 0; i < 100 && !clip; i++) {
		await sleep(100);
		clip = await evaluate(client, FOUND);
	}
	if (!clip)
		throw new Error(`${title}: no graph was drawn: ${await evaluate(client, "document.body.innerText")}`);
	await sleep(500);
	clip = await evaluate(client, FOUND);
	return (await client.Page.captureScreenshot({ format: "png", clip, captureBeyondViewport: true })).data;
}

function page(pictures) {
	const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
	const figures = pictures.map(({ title, data }) =>
		`<figure><figcaption>${escape(title)}</figcaption><img src="data:image/png;base64,${data}"></figure>`);

	return `<!DOCTYPE html><style>
		body { margin: ${MARGIN}px; background: #fff; font: bold 15px sans-serif; columns: ${COLUMNS}; column-gap: 0 }
		figure { margin: 0 0 14px; break-inside: avoid } img { display: block }
	</style>${figures.join("")}`;
}

async function main(list, picture) {
	const panels = JSON.parse(fs.readFileSync(list, "utf8"));
	const pictures = [];

	await withBrowser(async (port) => {
		for (const { title, url } of panels)
			pictures.push({ title, data: await inPage(port, url, WIDTH, (client) => graph(client, title)) });
		const html = `${picture}.html`;
		fs.writeFileSync(html, page(pictures));
		const width = WIDTH * COLUMNS + 2 * MARGIN;
		const data = await inPage(port, `file://${html}`, width, async (client) => {
			const height = await evaluate(client, "document.documentElement.scrollHeight");
			const clip = { x: 0, y: 0, width, height, scale: 1 };
			return (await client.Page.captureScreenshot({ format: "png", clip, captureBeyondViewport: true })).data;
		});
		fs.writeFileSync(picture, data, "base64");
		fs.rmSync(html);
	});
}

main(process.argv[2], process.argv[3]).catch((e) => {
	console.error(String(e));
	process.exit(1);
});
