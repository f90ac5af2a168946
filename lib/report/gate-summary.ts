import type { Verdict } from '../pipeline/verdict.ts';
import { escapeMarkdown, markdownCode, markdownLink } from './escape.ts';
import { type Failure, renderFailure } from './failure.ts';
import { message } from './message.ts';
import { MAX_TEXT, cut, neutral } from './neutral.ts';
import { VERDICT_ICON } from './verdict-icon.ts';

/** What the page of a gate shows besides its verdict. */
export interface GateSummary extends Pick<Failure, 'evidence' | 'next' | 'who'> {
  readonly verdict: Verdict;
}

const LONGEST_FACT = 200;

/** One gate as Markdown: verdict, why, what was measured and judged, what to do. Findings are shown as quoted text. spec: H-FUI-2, H-FUI-7 */
export function renderGateSummary(summary: GateSummary): string {
  const { verdict, evidence } = summary;
  const passed = verdict.verdict === 'pass';
  const known = Object.entries({ ...verdict.subject, ...verdict.facts });
  const blocks = [
    `### ${VERDICT_ICON[verdict.verdict]} ${verdict.gate}: ${verdict.verdict} (${markdownCode(verdict.code)}${verdict.detail === null ? '' : `, ${markdownCode(verdict.detail)}`})`,
    passed ? escapeMarkdown(verdict.text) : renderFailure(summary),
    passed && evidence !== null ? `${message('forge.evidence')}: ${markdownLink(evidence, evidence)}` : '',
    known.length === 0
      ? ''
      : ['| | |', '|---|---|', ...known.map(([name, value]) => `| ${escapeMarkdown(name)} | ${fact(value)} |`)].join(
          '\n',
        ),
    verdict.findings === null || verdict.findings === verdict.text ? '' : renderQuote(verdict.findings),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function fact(value: unknown): string {
  return markdownCode(cut(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)), LONGEST_FACT));
}

/** Text of others as a Markdown quote, line by line, without markup of its own. */
export function renderQuote(text: string, max = MAX_TEXT): string {
  return neutral(cut(text.trim(), max))
    .split('\n')
    .map((line) => `> ${escapeMarkdown(line)}`.trimEnd())
    .join('  \n');
}
