// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A browser for as long as it is needed.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

const BROWSER = "/usr/lib/chromium/chromium-headless-shell";
const HOST = "127.0.0.1"; // a root has no names

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function startBrowser(profile) {
	const browser = spawn(BROWSER, [
		"--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank",
	], { stdio: "ignore" });
	const file = path.join(profile, "DevToolsActivePort");

	for (let i = 0; i < 300; i++) {
		if (fs.existsSync(file) && fs.readFileSync(file, "utf8").includes("\n"))
			return { browser, port: Number(fs.readFileSync(file, "utf8").split("\n")[0]) };
		await sleep(100);
	}
	browser.kill("SIGKILL");
	throw new Error("the browser does not start");
}

// Calls what(port), the port being where the browser is told what to do.
async function withBrowser(what) {
	const profile = fs.mkdtempSync(path.join(os.tmpdir(), "browser-"));
	const { browser, port } = await startBrowser(profile);

	try {
		await what(port);
	} finally {
		browser.kill("SIGKILL");
		await sleep(200);
		fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
	}
}

module.exports = { HOST, sleep, withBrowser };
