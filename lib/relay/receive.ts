import { errorText } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { dedupKey, type KeyMemory } from './dedup.ts';
import { type Delivery, parseDelivery } from './delivery.ts';
import { type Entry, entryFrom } from './entry.ts';
import { type Change, changeOf, labelInterest, stateInterest } from './interest.ts';
import type { LabelNames } from './label-names.ts';
import type { RelayMetrics } from './metrics.ts';
import type { Projects } from './projects.ts';
import type { SignatureWatch } from './signature-watch.ts';
import { type LiveSecret, verifySignature } from './signature.ts';
import type { Spool } from './spool.ts';
import type { SpoolDraft } from './spool-record.ts';
import type { SpoolHealth } from './spool-health.ts';
import type { StateMaps } from './state-maps.ts';

/** One request with its whole raw body. */
export interface Received {
  readonly signature: string | null;
  readonly delivery: string;
  /** Value of `X-Conveyor-Probe`. spec: RL-RLY-7 */
  readonly probe: string | null;
  readonly body: Uint8Array;
}

/** `drop`: no answer, the connection is closed. spec: relay §1.2 */
export type Receipt =
  | { readonly status: 200; readonly body: { readonly status: 'accepted'; readonly key: string } }
  | { readonly status: 200; readonly body: { readonly status: 'duplicate' } }
  | { readonly status: 200; readonly body: { readonly status: 'ignored'; readonly reason: IgnoreReason } }
  | { readonly status: 400 | 401 | 503; readonly body: { readonly status: string } }
  | 'drop';
export type IgnoreReason = 'unknown project' | 'no interest' | 'own write';

export interface ReceiverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RelayMetrics;
  readonly secrets: () => readonly LiveSecret[];
  readonly allowUnsigned: () => boolean;
  readonly projects: Projects;
  readonly maps: StateMaps;
  readonly labels: LabelNames;
  readonly keys: KeyMemory;
  readonly ownActors: () => ReadonlySet<string>;
  readonly spool: Spool;
  readonly health: SpoolHealth;
  readonly signatures: SignatureWatch;
  /** Called when the record is on the disk. */
  readonly accepted: (entry: Entry) => void;
}

/** A delivery that may count, with what its record needs. */
interface News {
  readonly delivery: Delivery;
  readonly change: Change;
  readonly key: string;
  readonly text: string;
  readonly deliveryId: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** signature → parse → classify → spool + fsync → answer; no network before the answer. spec: RL-RLY-2, relay §1.2 */
export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #writing = new Map<string, Promise<boolean>>();

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
  }

  async receive(request: Received): Promise<Receipt> {
    const { metrics, signatures, secrets, allowUnsigned, spool, log } = this.#deps;
    const matched = verifySignature(request.signature, request.body, secrets());
    if (matched === null && !allowUnsigned()) {
      metrics.events.unauthorized += 1;
      signatures.bad();
      return { status: 401, body: { status: 'unauthorized' } };
    }
    if (matched !== null) {
      metrics.secrets[matched.age] += 1;
      signatures.good(matched.age);
    }
    if (request.probe === 'drop') return 'drop';
    const key = dedupKey('plane', request.body);
    const parsed = parseObject(request.body);
    if (parsed === null) {
      metrics.events.malformed += 1;
      await spool
        .keepRejected(key, request.body)
        .catch((thrown: unknown) => log.warn(`rejected body ${key.slice(0, 12)} not kept: ${errorText(thrown)}`));
      return { status: 400, body: { status: 'not a JSON object' } };
    }
    const meaning = this.#classify(parseDelivery(parsed.json), matched?.tracker ?? null);
    if (typeof meaning === 'string') {
      metrics.events.ignored += 1;
      metrics.ignored[meaning] += 1;
      return { status: 200, body: { status: 'ignored', reason: meaning } };
    }
    return this.#accept({ ...meaning, key, text: parsed.text, deliveryId: request.delivery });
  }

  #classify(delivery: Delivery | null, tracker: string | null): IgnoreReason | { delivery: Delivery; change: Change } {
    const { projects, maps, ownActors, labels } = this.#deps;
    if (delivery === null || delivery.event !== 'issue' || delivery.project === null) return 'no interest';
    const project = projects.find(delivery.project);
    if (project === null || (tracker !== null && project.tracker !== tracker)) return 'unknown project';
    labels.learn(delivery.late.labels);
    projects.delivered(delivery.project, this.#deps.clock.now());
    if (delivery.actor !== null && ownActors().has(delivery.actor)) return 'own write';
    if (delivery.action === 'created') this.#warnOfEntry(delivery, project.prefix);
    const change = project.enabled ? changeOf(delivery) : null;
    if (change === null) return 'no interest';
    const interest =
      change.kind === 'tracker.state'
        ? stateInterest(change, delivery.action === 'created', maps.fresh(delivery.project))
        : labelInterest(change, labels.names, projects.labels(delivery.project));
    return interest === 'no' ? 'no interest' : { delivery, change };
  }

  async #accept(news: News): Promise<Receipt> {
    const { keys, clock, metrics } = this.#deps;
    const { key } = news;
    if (keys.has(key, clock.now().getTime())) return this.#duplicate();
    // The same bytes while the first copy is being written: its fate is theirs.
    const writing = this.#writing.get(key);
    if (writing !== undefined) return (await writing) ? this.#duplicate() : this.#refuse();
    const work = this.#write(news);
    this.#writing.set(key, work);
    const written = await work;
    this.#writing.delete(key);
    if (!written) return this.#refuse();
    metrics.events.accepted += 1;
    return { status: 200, body: { status: 'accepted', key: key.slice(0, 12) } };
  }

  /** False when the spool refused; never throws. */
  async #write({ key, text, deliveryId, delivery, change }: News): Promise<boolean> {
    const { spool, health, clock, keys, accepted } = this.#deps;
    const now = clock.now();
    try {
      const draft: SpoolDraft = {
        key,
        source: 'plane',
        received_at: now.toISOString(),
        delivery: deliveryId,
        project: delivery.project ?? '',
        issue: delivery.issue ?? '',
        field: change.kind === 'tracker.state' ? 'state' : 'labels',
        old: delivery.old,
        new: delivery.new,
        updated_at: delivery.updatedAt,
        actor: delivery.actor,
        body: text,
      };
      const seq = await spool.append(draft);
      keys.add(key, now.getTime());
      health.worked();
      accepted(entryFrom({ ...draft, seq }, delivery, change));
      return true;
    } catch (thrown) {
      health.failed(thrown);
      return false;
    }
  }

  #duplicate(): Receipt {
    this.#deps.metrics.events.duplicate += 1;
    return { status: 200, body: { status: 'duplicate' } };
  }

  /** No answer makes the sender try again; after `drop_max_s` it would switch the webhook off, so 503. spec: RL-RLY-6 */
  #refuse(): Receipt {
    this.#deps.metrics.events.dropped += 1;
    return this.#deps.health.mayDrop() ? 'drop' : { status: 503, body: { status: 'spool not writable' } };
  }

  /** Soft warnings of the entry gate: a log line, nothing else; no title. spec: PL-Q-1, RL-RLY-12 */
  #warnOfEntry(delivery: Delivery, prefix: string): void {
    const title = delivery.title.trim().length;
    const warnings = [
      ...(title < 5 || title > 200 ? [`title has ${title} characters (5-200)`] : []),
      ...(delivery.descriptionLength < 20
        ? [`description has ${delivery.descriptionLength} characters (at least 20)`]
        : []),
    ];
    if (warnings.length > 0)
      this.#deps.log.info(`${prefix}-${delivery.sequence ?? '?'} created: ${warnings.join(', ')}`);
  }
}

function parseObject(body: Uint8Array): { readonly json: object; readonly text: string } | null {
  try {
    const text = decoder.decode(body);
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { json, text } : null;
  } catch {
    return null;
  }
}
