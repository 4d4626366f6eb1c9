import { startDevServer } from "./server.ts";

const { url } = await startDevServer({ seed: 1, stacksPerService: 3000 }, 4099);
console.log(`development server with made-up data: ${url}`);
