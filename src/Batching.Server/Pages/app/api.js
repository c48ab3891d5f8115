// Calls of the gateway that the page came from.

// In memory only: it is gone with the page.
let credential = null;

const listeners = new Set();

/** Sets what calls are made with: a header field and its value; null for nothing. */
export function setCredential(field, value) {
  credential = value ? { field, value } : null;
  listeners.forEach(listener => listener());
}

/** Tells when there is another caller. */
export function onCaller(listener) {
  listeners.add(listener);
}

/** A call that was refused. */
export class CallError extends Error {
  constructor(status, message, problems) {
    super(message);
    this.status = status;
    this.problems = problems;
  }
}

/** Makes a call. Paths are relative: the gateway may stand below a path of a proxy. */
export async function send(path, { method = 'GET', body, headers = {}, signal } = {}) {
  const fields = { ...headers };
  if (credential) {
    fields[credential.field] = credential.value;
  }
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), { method, body, headers: fields, signal, cache: 'no-store', redirect: 'error' });
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new CallError(0, 'The gateway can’t be reached.', []);
  }
  if (!response.ok) {
    throw await readError(response);
  }
  return response;
}

/** Makes a call and reads its JSON. */
export const read = async (path, options) => (await send(path, options)).json();

/** The records of a stream of server-sent events. `EventSource` would do the same, but it can't send a credential. */
export async function* events(path, signal) {
  for await (const some of lines(path, signal, { Accept: 'text/event-stream' })) {
    for (const line of some) {
      if (line.startsWith('data: ')) {
        yield JSON.parse(line.slice(6));
      }
    }
  }
}

/** The lines of a stream, as many at a time as have come. */
export async function* lines(path, signal, headers = {}) {
  const response = await send(path, { signal, headers });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const parts = (rest + value).split('\n');
      rest = parts.pop();
      if (parts.length > 0) {
        yield parts;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function readError(response) {
  let message = `The gateway answered ${response.status}.`;
  let problems = [];
  try {
    const body = await response.json();
    message = body.message || message;
    problems = body.errors ?? (body.details ?? []).flatMap(detail => detail.fieldViolations ?? [])
      .map(violation => ({ field: violation.field, message: violation.description }));
  } catch {
    // A proxy's own page, perhaps.
  }
  return new CallError(response.status, message, problems);
}
