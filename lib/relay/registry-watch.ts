import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Environment, RelayConfig } from './config.ts';
import { parseRelayConfig } from './config.ts';

/** What a look at the file found. `changed` carries a whole, valid configuration. spec: O-C-10 */
export type RegistryNews =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly config: RelayConfig; readonly source: string }
  | { readonly kind: 'rejected'; readonly errors: readonly string[] };

/** Watches relay.yml by content hash; a file with any error, also in one project entry, is rejected whole. spec: O-C-10 */
export class RegistryWatch {
  readonly #path: string;
  readonly #environment: Environment;
  #seen: string;

  constructor(path: string, environment: Environment, source: string) {
    this.#path = path;
    this.#environment = environment;
    this.#seen = hash(source);
  }

  async look(): Promise<RegistryNews> {
    const source = await readFile(this.#path, 'utf8').catch(() => null);
    // A file that is being replaced is looked at again in 5 s.
    if (source === null || hash(source) === this.#seen) return { kind: 'same' };
    this.#seen = hash(source);
    const result = parseRelayConfig(source, this.#environment);
    if (!result.ok) return { kind: 'rejected', errors: result.errors };
    return result.skipped.length > 0
      ? { kind: 'rejected', errors: result.skipped }
      : { kind: 'changed', config: result.config, source };
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
