// The results of a batch in columns: a hundred thousand of them are a few arrays, not as many objects.

const FIRST_CAPACITY = 1024;

export class Results {
  count = 0;
  paths = [];
  methodNames = [];
  reasonNames = [''];
  // Of each status and reason of a failure: how many there are.
  failures = new Map();
  #columns = {
    ids: new Float64Array(FIRST_CAPACITY),
    spawners: new Float64Array(FIRST_CAPACITY),
    statuses: new Uint16Array(FIRST_CAPACITY),
    sizes: new Float64Array(FIRST_CAPACITY),
    created: new Float64Array(FIRST_CAPACITY),
    done: new Float64Array(FIRST_CAPACITY),
    indexes: new Int32Array(FIRST_CAPACITY),
    methods: new Uint8Array(FIRST_CAPACITY),
    reasons: new Uint16Array(FIRST_CAPACITY),
  };

  /** Adds a request of the contract as proto3 JSON has it, with its response. */
  add(request) {
    const at = this.count;
    this.#grow(at + 1);
    const columns = this.#columns;
    const response = request.response ?? {};
    const reason = reasonOf(response.error);
    // Ids have 16 digits and are below 2^53.
    columns.ids[at] = Number(request.id);
    columns.spawners[at] = Number(request.spawnedBy);
    columns.statuses[at] = response.statusCode ?? 0;
    columns.sizes[at] = Number(response.size ?? 0);
    columns.created[at] = Date.parse(request.createTime);
    columns.done[at] = Date.parse(request.doneTime);
    columns.indexes[at] = request.index ?? -1;
    columns.methods[at] = numberOf(this.methodNames, request.method);
    columns.reasons[at] = numberOf(this.reasonNames, reason);
    this.paths.push(request.path);
    this.count++;
    if (columns.statuses[at] >= 400) {
      const key = `${columns.statuses[at]} ${reason}`;
      this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
    }
  }

  id = at => String(this.#columns.ids[at]).padStart(16, '0');
  spawner = at => String(this.#columns.spawners[at]).padStart(16, '0');
  status = at => this.#columns.statuses[at];
  size = at => this.#columns.sizes[at];
  index = at => this.#columns.indexes[at];
  method = at => this.methodNames[this.#columns.methods[at]];
  reason = at => this.reasonNames[this.#columns.reasons[at]];

  /** Milliseconds from the acceptance of a request to its result. */
  time = at => Math.max(0, this.#columns.done[at] - this.#columns.created[at]);

  /** When a result was there, in milliseconds since 1970. */
  done = at => this.#columns.done[at];

  #grow(size) {
    if (size <= this.#columns.ids.length) {
      return;
    }
    for (const [name, column] of Object.entries(this.#columns)) {
      const larger = new column.constructor(column.length * 2);
      larger.set(column);
      this.#columns[name] = larger;
    }
  }
}

function reasonOf(error) {
  if (!error) {
    return '';
  }
  return error.details?.find(detail => detail.reason)?.reason ?? 'UNKNOWN';
}

function numberOf(names, name) {
  const known = names.indexOf(name);
  return known >= 0 ? known : names.push(name) - 1;
}
