// The official MCP client as an agent uses it. Reads {"url", "token", "calls": [{"name", "arguments"}]} from standard input and prints
// {"server", "instructions", "tools", "results"}; a result is what the call gave, or {"error": {"code", "message"}}.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

let text = '';
for await (const chunk of process.stdin) {
  text += chunk;
}
const { url, token, calls } = JSON.parse(text);
const client = new Client({ name: 'test', version: '1.0.0' });
const headers = token ? { authorization: `Bearer ${token}` } : {};
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
const { tools } = await client.listTools();
const results = [];
for (const call of calls) {
  try {
    results.push(await client.callTool(call));
  } catch (error) {
    results.push({ error: { code: error.code, message: error.message } });
  }
}
console.log(JSON.stringify({ server: client.getServerVersion(), instructions: client.getInstructions(), tools, results }));
await client.close();
