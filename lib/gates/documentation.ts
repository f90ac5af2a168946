import type { CodeRow } from './code-table.ts';

/** What each action of a verdict means, for people. spec: gates §1 "Actions" */
const ACTIONS: Readonly<Record<CodeRow['action'], string>> = {
  none: '–',
  dev: 'back to the developer with the findings',
  'dev!': 'back to development, held for a person',
  rerun: 'the run that made the report is repeated',
  infra: 'judged again later, 3 times, then held',
  hold: 'waits, nothing moves',
};

/** The table of codes of docs/gates/<gate>.md. Pure. */
export function renderCodes(rows: readonly CodeRow[]): string {
  const lines = rows.map(
    (row) =>
      `| \`${row.code}\` | ${row.verdict} | ${row.class ?? '–'} | ${row.when.replaceAll('|', '\\|')} | ${ACTIONS[row.action]} | ${row.rule} |`,
  );
  return ['| code | verdict | class | when | then | rule |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

/** The table of inputs of docs/gates/<gate>.md. Pure. */
export function renderInputs(inputs: Readonly<Record<string, string>>): string {
  const lines = Object.entries(inputs).map(([name, text]) => `| \`${name}\` | ${text.replaceAll('|', '\\|')} |`);
  return ['| input | meaning |', '|---|---|', ...lines].join('\n');
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. Throws RangeError when the marks are not there once each. */
export function fillBlock(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const parts = text.split(open);
  const [before, rest] = parts;
  const end = rest?.indexOf(close) ?? -1;
  if (parts.length !== 2 || before === undefined || rest === undefined || end < 0)
    throw new RangeError(`the marks ${open} and ${close} must stand once each`);
  return `${before}${open}\n${content}\n${rest.slice(end)}`;
}
