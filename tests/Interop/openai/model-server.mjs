// A stub of a self-hosted model server: it answers single calls of chat completions and messages faithfully in form, with the last
// word of the prompt as its text, and has no batches. Its prompts are orders, too:
//   slow N    answers after N ms
//   busy N    answers 429 with Retry-After: 1 to the first N calls of that prompt
//   bad       answers 400, as a model server does whose parameters are wrong
import http from 'node:http';

export async function startModelServer(port) {
  const calls = [];
  const busy = new Map();
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const reply = (status, json, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(json));
    };
    const isChat = request.url === '/v1/chat/completions';
    if (request.method !== 'POST' || !(isChat || request.url === '/v1/messages')) {
      reply(404, { error: { message: 'Not Found', type: 'not_found', code: 404 } });
      return;
    }

    const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const prompt = body.messages.at(-1).content;
    calls.push({ prompt, headers: request.headers, body });
    const [order, value] = prompt.split(' ');
    if (order === 'slow') await new Promise(done => setTimeout(done, Number(value)));
    if (order === 'busy') {
      const count = (busy.get(prompt) ?? 0) + 1;
      busy.set(prompt, count);
      if (count <= Number(value)) {
        reply(429, { error: { message: 'Too many requests', type: 'rate_limit_error', code: 429 } }, { 'retry-after': '1' });
        return;
      }
    }

    if (order === 'bad') {
      reply(400, { error: { message: 'temperature must be non-negative', type: 'BadRequestError', param: 'temperature', code: 400 } });
      return;
    }

    const text = prompt.split(' ').at(-1);
    const id = `${calls.length}`.padStart(8, '0');
    reply(200, isChat ? {
      id: `chatcmpl-${id}`, object: 'chat.completion', created: Math.floor(Date.now() / 1000), model: body.model,
      choices: [{ index: 0, message: { role: 'assistant', content: text }, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
    } : {
      id: `msg_${id}`, type: 'message', role: 'assistant', model: body.model, content: [{ type: 'text', text }],
      stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 5, output_tokens: 1 },
    }, { 'x-request-id': `model-${id}` });
  });
  await new Promise(ready => server.listen(Number(port), '127.0.0.1', ready));
  return { calls, close: () => server.close(), port: server.address().port };
}
