import { htmlLines } from './escape.ts';
import { renderTime } from './figures.ts';
import { message } from './message.ts';
import { MAX_REASON, cut, oneLine } from './neutral.ts';

/** What a person should know before production changes. null = that check did not run or is not known. */
export interface Dossier {
  readonly id: string;
  /** ISO time until which a confirmation counts. */
  readonly expires: string;
  /** `sha256:<hex>` of the artifact; without one the validated commit. */
  readonly digest: string;
  readonly sha: string;
  readonly base: string;
  readonly diff: { readonly files: number; readonly plus: number; readonly minus: number } | null;
  /** `SUCCESS 8/10, waived C9a C9b` */
  readonly staging: string | null;
  readonly security: string | null;
  readonly coverage: { readonly percent: string; readonly base: string } | null;
  /** What production runs now. */
  readonly previous: { readonly digest: string; readonly deployed: string } | null;
  readonly migration: string | null;
  readonly hookChanged: boolean | null;
}

/** The comment that asks for Confirm Deploy. spec: D-A-3 */
export function renderDossier(dossier: Dossier): string {
  const notRun = message('dossier.not_run');
  const words = (text: string | null): string => (text === null ? notRun : cut(oneLine(text), MAX_REASON));
  const unknown = message('dossier.unknown');
  const changed = dossier.hookChanged === null ? unknown : message(dossier.hookChanged ? 'dossier.yes' : 'dossier.no');
  const rest = { migration: dossier.migration === null ? unknown : words(dossier.migration), changed };
  const lines = [
    message('dossier.head', { id: dossier.id, time: renderTime(dossier.expires) }),
    message('dossier.made', {
      digest: shortDigest(dossier.digest),
      sha: dossier.sha.slice(0, 7),
      base: dossier.base.slice(0, 7),
      n: String(dossier.diff?.files ?? '?'),
      plus: String(dossier.diff?.plus ?? '?'),
      minus: String(dossier.diff?.minus ?? '?'),
    }),
    message('dossier.proofs', {
      staging: words(dossier.staging),
      security: words(dossier.security),
      coverage:
        dossier.coverage === null
          ? notRun
          : message('dossier.coverage', {
              pct: words(dossier.coverage.percent),
              base_pct: words(dossier.coverage.base),
            }),
    }),
    dossier.previous === null
      ? message('dossier.back_first', rest)
      : message('dossier.back', {
          digest: shortDigest(dossier.previous.digest),
          date: dossier.previous.deployed.slice(0, 10) || unknown,
          ...rest,
        }),
    message('dossier.hand', {
      workflow: 'conveyor-confirm-deploy',
      id: dossier.id,
      digest: dossier.digest.replace(/^sha256:/, '').slice(0, 12),
    }),
  ];
  return `<div><p>${htmlLines(lines.join('\n'))}</p></div>`;
}

function shortDigest(digest: string): string {
  return digest.startsWith('sha256:') ? `sha256:${digest.slice(7, 13)}…` : digest.slice(0, 7);
}
