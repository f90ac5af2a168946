import { escapeMarkdown, markdownLink } from './escape.ts';
import { renderTime } from './figures.ts';
import { renderQuote } from './gate-summary.ts';
import { message } from './message.ts';
import { MAX_TITLE, cut, neutral, oneLine } from './neutral.ts';

const BEGIN = '<!-- conveyor:begin -->';
const END = '<!-- conveyor:end -->';
const REQUEST_LENGTH = 600;

export interface PullText {
  readonly id: string;
  readonly title: string;
  readonly track: 'full' | 'bug';
  /** Page of the issue; null = none that people can open. */
  readonly issueUrl: string | null;
  /** Folder of the documents; null = none that people can open. */
  readonly documentsUrl: string | null;
  /** The business request as the person wrote it. */
  readonly request: string;
  readonly criteria: readonly { readonly criterion: string; readonly test: string; readonly result: string }[];
  readonly approved: { readonly at: string; readonly by: string; readonly label: string | null } | null;
}

/** `ET-12: GPX upload`, one neutral line. spec: H-FUI-3 */
export function renderPullTitle({ id, title }: Pick<PullText, 'id' | 'title'>): string {
  return `${id}: ${neutral(cut(oneLine(title), MAX_TITLE))}`;
}

/**
 * The body of the pull request: our block, rewritten as a whole, and everything a person wrote outside it, untouched.
 * `existing` null = a new pull request. spec: H-FUI-3
 */
export function renderPullBody(pull: PullText, existing: string | null): string {
  const block = renderBlock(pull);
  if (existing === null || existing.trim() === '') return `${block}\n`;
  const end = existing.indexOf(END);
  const begin = end < 0 ? -1 : existing.lastIndexOf(BEGIN, end);
  if (begin < 0) return `${block}\n\n${existing}`;
  return existing.slice(0, begin) + block + existing.slice(end + END.length);
}

function renderBlock(pull: PullText): string {
  const data = (text: string): string => escapeMarkdown(cut(oneLine(text), MAX_TITLE));
  const links = [
    ...(pull.issueUrl === null ? [] : [markdownLink('Plane', pull.issueUrl)]),
    ...(pull.documentsUrl === null ? [] : [markdownLink(message('forge.documents'), pull.documentsUrl)]),
  ];
  const approved = pull.approved;
  const blocks = [
    [`**${pull.id}**`, data(pull.title), message('forge.track', { track: pull.track }), ...links].join(' · '),
    pull.request.trim() === '' ? '' : `${message('forge.request')}:\n\n${renderQuote(pull.request, REQUEST_LENGTH)}`,
    pull.criteria.length === 0
      ? ''
      : [
          `| ${(['criterion', 'test', 'result'] as const).map((key) => message(`forge.${key}`)).join(' | ')} |`,
          '|---|---|---|',
          ...pull.criteria.map(
            ({ criterion, test, result }) => `| ${data(criterion)} | ${data(test)} | ${data(result)} |`,
          ),
        ].join('\n'),
    approved === null
      ? ''
      : `${message('forge.approved_by')}: ${approved.label === null ? data(approved.by) : data(message('forge.by_label', { label: approved.label }))}, ${renderTime(approved.at)}`,
  ];
  return [
    BEGIN,
    ...blocks
      .filter((block) => block !== '')
      .flatMap((block) => [block, ''])
      .slice(0, -1),
    END,
  ].join('\n');
}
