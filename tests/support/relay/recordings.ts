import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** One request that a real Plane made. The files are pure ASCII, so text = bytes. */
export interface Recording {
  readonly file: string;
  readonly note: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly secret: 'main' | 'second' | 'second-after-regenerate' | null;
}

/** Secrets of the recordings, by name. */
export const SECRETS = {
  main: 'plane_wh_adb8e756eafd42cca14e4664dc781893',
  second: 'plane_wh_7ddfeb2f72954223b5979016edbf46df',
  'second-after-regenerate': 'plane_wh_e986eb4622c84a47a15a0f494f896867',
} as const;
export const ADA = 'e6cc5602-a862-46ad-8c5c-569e547a6043';
export const BOB = '518dd208-c6e4-4dfd-96ba-f8fa19109eb3';
export const BOT = '7d97764d-5842-4f70-a74b-48a2690d3eaf';
export const PROJECT = '41252e54-9640-4cb9-96ba-d352c76b1c0a';
export const OTHER_PROJECT = 'e69de0f0-c771-4f2a-92ef-ad5610417ab7';

const folder = new URL('../plane/webhooks/', import.meta.url);

/** All recorded webhook requests, in order. */
export function recordings(): readonly Recording[] {
  return readdirSync(folder)
    .toSorted()
    .map((file) => ({ file, ...(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Omit<Recording, 'file'>) }));
}

/** The recording whose file starts with a number. */
export function recording(number: number): Recording {
  const found = recordings().find(({ file }) => file.startsWith(`${String(number).padStart(2, '0')}-`));
  if (found === undefined) throw new Error(`no recording ${number}`);
  return found;
}

/** Statuses of the recorded board, as the tracker lists them. */
export function boardRows(): readonly {
  readonly id: string;
  readonly name: string;
  readonly group: 'backlog' | 'unstarted' | 'started' | 'completed' | 'cancelled';
}[] {
  const file = new URL('../plane/api/013-states-list.json', import.meta.url);
  return (
    JSON.parse(readFileSync(file, 'utf8')) as {
      response: { body: { results: { id: string; name: string; group: 'backlog' }[] } };
    }
  ).response.body.results.map(({ id, name, group }) => ({ id, name, group }));
}

/** Uuid of a status of the recorded board. */
export function stateId(name: string): string {
  const row = boardRows().find((state) => state.name === name);
  if (row === undefined) throw new Error(`no status ${name} on the recorded board`);
  return row.id;
}

export function sign(body: string | Uint8Array, secret: string = SECRETS.main): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** What Plane would send for a person's move on the board: the recorded body with other values, in Python's form. */
export function moved(change: {
  readonly to: string | null;
  readonly from?: string;
  readonly issue?: string;
  readonly actor?: string;
  readonly at?: string;
  readonly sequence?: number;
  readonly project?: string;
  readonly field?: 'state' | 'state_id';
}): string {
  const body = JSON.parse(recording(9).body) as {
    data: { id: string; project: string; sequence_id: number; updated_at: string; state: { id: string; name: string } };
    activity: { field: string; old_value: string | null; new_value: string | null; actor: { id: string } };
  };
  body.data.id = change.issue ?? body.data.id;
  body.data.project = change.project ?? body.data.project;
  body.data.sequence_id = change.sequence ?? body.data.sequence_id;
  body.data.updated_at = change.at ?? body.data.updated_at;
  if (change.to !== null) body.data.state = { ...body.data.state, id: stateId(change.to), name: change.to };
  body.activity.field = change.field ?? 'state_id';
  body.activity.old_value = stateId(change.from ?? 'Backlog');
  body.activity.new_value = change.to === null ? null : stateId(change.to);
  body.activity.actor.id = change.actor ?? ADA;
  return pythonJson(body);
}

/** Python's `json.dumps`: spaces after separators, ASCII only. */
export function pythonJson(value: unknown): string {
  const text = (part: unknown): string => {
    if (Array.isArray(part)) return `[${part.map(text).join(', ')}]`;
    if (typeof part === 'object' && part !== null)
      return `{${Object.entries(part)
        .map(([key, item]) => `${text(key)}: ${text(item)}`)
        .join(', ')}}`;
    return JSON.stringify(part).replace(
      /[\u0080-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  };
  return text(value);
}
