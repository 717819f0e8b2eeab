/** All tests of the web components: see `run` for what they need. */

import { run } from "./tap.mjs";
import "./size.mjs";
import "./package.mjs";
import "./words.mjs";
import "./client.mjs";
import "./reconnect.mjs";
import "./transports.mjs";
import "./tokens.mjs";
import "./tabs.mjs";
import "./types.mjs";
import "./inbox.mjs";
import "./list.mjs";
import "./node.mjs";
import "./shared.mjs";
import "./demo.mjs";
import "./bell.mjs";
import "./desktop.mjs";
import "./looks.mjs";
import "./status.mjs";
import "./web_page.mjs";
import { finish } from "./page.mjs";

for (const signal of ["SIGINT", "SIGTERM"])
	process.once(signal, async () => {
		await finish();
		process.exit(1);
	});

const passed = await run();
await finish();
process.exitCode = passed ? 0 : 1;
