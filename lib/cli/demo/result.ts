import type { Health } from '../../adapters/service/health.ts';
import type { Config } from '../../pipeline/config.ts';
import type { ItemState } from '../../pipeline/state.ts';
import { holdExit } from '../../report/exits.ts';
import type { Summary } from '../summary.ts';
import { renderTable } from '../table.ts';

/** What `--json` prints. Seconds; `git_s` sums all git processes, of which some run side by side. */
export interface DemoResult {
  readonly item: string;
  readonly stage: string;
  /** Reason for which the item is held. */
  readonly hold: string | null;
  /** Runs by stage. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Newest verdict by gate. */
  readonly gates: Readonly<Record<string, string>>;
  /** What production answers at the end. */
  readonly deployed: { readonly url: string; readonly version: string; readonly digest: string } | null;
  readonly wall_s: number;
  readonly git_s: number;
}

export interface Measured {
  readonly wallMs: number;
  readonly gitMs: number;
  readonly gitProcesses: number;
  readonly ledgerCommits: number;
}

/** Pure. */
export function demoResult(item: ItemState, config: Config, health: Health | null, measured: Measured): DemoResult {
  const url = config.deploy.targets.production?.url ?? '';
  return {
    item: item.id,
    stage: item.stage,
    hold: item.hold?.code ?? null,
    attempts: { ...item.rounds },
    gates: Object.fromEntries(Object.entries(item.gates).map(([gate, record]) => [gate, record.verdict])),
    deployed: health === null ? null : { url, version: health.commit ?? '', digest: health.digest ?? '' },
    wall_s: Math.round(measured.wallMs) / 1000,
    git_s: Math.round(measured.gitMs) / 1000,
  };
}

/** The last lines of the demo, for people. Pure. */
export function renderDemoSummary(item: ItemState, summary: Summary, measured: Measured): string[] {
  const rows = summary.stages.map(({ stage, seconds, attempts }) => [
    stage,
    `${seconds.toFixed(2)} s`,
    attempts === 0 ? '' : String(attempts),
  ]);
  const { wallMs, gitMs, gitProcesses, ledgerCommits } = measured;
  return [
    '',
    ...renderWhereabouts(item),
    '',
    ...renderTable(['stage', 'time', 'runs'], rows),
    '',
    `${ledgerCommits} ledger commits · ${summary.decisions} decisions · ${summary.effects} effects, ${summary.receipts} receipts`,
    `${(wallMs / 1000).toFixed(1)} s in all · ${(gitMs / 1000).toFixed(1)} s of it in ${gitProcesses} git processes · ratio ${(wallMs / gitMs).toFixed(2)}`,
  ];
}

/** Where an item stands and what a person can do about it. Pure. */
export function renderWhereabouts(item: ItemState): string[] {
  const { id, stage, activity, waitingFor, hold } = item;
  if (hold === null) return [`${id} is in ${stage}, ${waitingFor === null ? activity : `waiting for ${waitingFor}`}`];
  return [
    `${id} is in ${stage}, held: ${hold.code}`,
    `  ${hold.text.split('\n')[0] ?? ''}`,
    `  ${holdExit(hold.code, stage)}`,
  ];
}
