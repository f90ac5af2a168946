import { parseFrontmatter } from '../../artifacts/frontmatter.ts';
import type { ReportFile } from '../../gates/report-file.ts';

/** The work item a file says it belongs to; outside the pipeline nothing else knows it. '' when it says none. */
export function itemOfFile(file: ReportFile): string {
  if (file.kind !== 'file') return '';
  const parsed = parseFrontmatter(file.content);
  const item = parsed.ok ? (parsed.data['work_item_id'] ?? parsed.data['work_item']) : undefined;
  return typeof item === 'string' ? item.trim() : '';
}
