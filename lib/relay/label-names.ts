const MAX_NAMES = 10_000;

/**
 * Label names as deliveries carried them: a label that an item lost is named in an earlier delivery only. In memory;
 * forgetting one costs a run, never an event. spec: RL-RLY-12
 */
export class LabelNames {
  readonly #names = new Map<string, string>();

  get names(): ReadonlyMap<string, string> {
    return this.#names;
  }

  learn(labels: ReadonlyMap<string, string> | null): void {
    for (const [id, name] of labels ?? []) this.#names.set(id, name);
    for (const id of this.#names.keys()) {
      if (this.#names.size <= MAX_NAMES) break;
      this.#names.delete(id);
    }
  }
}
