import type { Verdict } from '../pipeline/verdict.ts';
import { escapeHtml, escapeMarkdown, htmlLink, markdownLink } from './escape.ts';
import { message } from './message.ts';
import { MAX_REASON, cut, neutral, oneLine } from './neutral.ts';
import { VERDICT_ICON } from './verdict-icon.ts';

/** What every red result says, in every place. `class` null = not classified: then the operator looks. spec: H-FUI-7 */
export interface Failure {
  readonly verdict: Pick<Verdict, 'verdict' | 'code' | 'class' | 'text'> & {
    /** The gate, or the stage when its worker failed. */
    readonly gate: string;
  };
  /** Address of the proof; null = none that people can open. */
  readonly evidence: string | null;
  readonly next: string;
  readonly who: 'conveyor' | 'operator' | 'engine' | 'author';
}

type Field = readonly [label: string, value: string];

function fields({ verdict, evidence, next, who }: Failure): readonly Field[] {
  const data = (text: string): string => neutral(cut(oneLine(text), MAX_REASON));
  return [
    [message('forge.class'), message(`class.${verdict.class ?? 'unknown'}`)],
    [message('forge.cause'), data(verdict.text)],
    [message('forge.evidence'), evidence ?? '–'],
    [message('forge.next'), data(next)],
    [message('forge.who'), message(`who.${verdict.class === null ? 'operator' : who}`)],
  ];
}

const head = ({ verdict }: Failure): string =>
  `${VERDICT_ICON[verdict.verdict]} ${verdict.gate} · ${verdict.verdict} · ${verdict.code}`;

/** The failure block as Markdown. All five fields, always. spec: H-FUI-7 */
export function renderFailure(failure: Failure): string {
  const lines = fields(failure).map(
    ([label, value]) => `${label}: ${value === failure.evidence ? markdownLink(value, value) : escapeMarkdown(value)}`,
  );
  return [head(failure), ...lines].join('  \n');
}

/** The same block as HTML, for comments of the tracker. spec: H-FUI-7 */
export function renderFailureHtml(failure: Failure): string {
  const lines = fields(failure).map(
    ([label, value]) =>
      `${escapeHtml(label)}: ${value === failure.evidence ? htmlLink(value, value) : escapeHtml(value)}`,
  );
  return `<p>${[escapeHtml(head(failure)), ...lines].join('<br>')}</p>`;
}
