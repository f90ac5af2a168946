import type { Delivery } from './delivery.ts';
import { parseDelivery } from './delivery.ts';
import { correlationOf } from '../pipeline/envelope.ts';
import { type Change, changeOf } from './interest.ts';
import type { SpoolRecord } from './spool-record.ts';

/** A spooled delivery on its way to a run. Bodies stay in the spool. */
export interface Entry {
  readonly seq: number;
  readonly key: string;
  readonly correlation: string;
  readonly project: string;
  readonly issue: string;
  readonly created: boolean;
  readonly change: Change;
  readonly sequence: number | null;
  readonly title: string;
  readonly updatedAt: string;
  readonly receivedAt: string;
  readonly actor: string | null;
  readonly delivery: string;
  /** Sorts like time: `updated_at` of the delivery, else its receipt. spec: RL-RLY-25 */
  readonly order: string;
}

/** Null when the record announces nothing (another version wrote it). */
export function entryOf(record: SpoolRecord): Entry | null {
  const delivery = parseDelivery(record.body);
  const change = delivery === null ? null : changeOf(delivery);
  return delivery === null || change === null ? null : entryFrom(record, delivery, change);
}

export function entryFrom(record: Omit<SpoolRecord, 'v' | 'body'>, delivery: Delivery, change: Change): Entry {
  return {
    seq: record.seq,
    key: record.key,
    correlation: correlationOf(record.key),
    project: record.project,
    issue: record.issue,
    created: delivery.action === 'created',
    change,
    sequence: delivery.sequence,
    title: delivery.title,
    updatedAt: record.updated_at,
    receivedAt: record.received_at,
    actor: record.actor,
    delivery: record.delivery,
    order: instant(record.updated_at) ?? instant(record.received_at) ?? '',
  };
}

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)$/;

/** An ISO instant in UTC as text that sorts by time, to the nanosecond; null when it is not one. */
export function instant(text: string): string | null {
  const match = ISO.exec(text);
  return match === null ? null : `${match[1]}.${(match[2] ?? '').padEnd(9, '0')}`;
}
