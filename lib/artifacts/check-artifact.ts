import { parseAcceptance } from './acceptance.ts';
import { parseAdr } from './adr.ts';
import { parseBrd } from './brd.ts';
import { fault, type ArtifactFault, type Reading } from './codes.ts';
import { readDocument } from './document.ts';
import { judgeReview, parseReviewDraft } from './review.ts';
import { readSignal } from './signals.ts';
import { artifactRow } from './table.ts';
import { parseTestPlan } from './test-plan.ts';
import { parseTrz } from './trz.ts';

export interface ArtifactCheck {
  readonly faults: readonly ArtifactFault[];
  readonly warnings: readonly ArtifactFault[];
}

/**
 * Checks an artifact that an agent wrote by its own schema, before it is stamped. `name` is relative to the item's
 * folder. Verdict files of deterministic steps are not an agent's and fail as `art.untrusted`. spec: AR-AP-1, AR-FM-13
 */
export function checkArtifact(name: string, content: Buffer, item: string): ArtifactCheck {
  const row = artifactRow(name);
  if (row === null) return { faults: [fault('art.name', `${name} is not the name of an artifact`)], warnings: [] };
  if (content.length > row.maxBytes)
    return {
      faults: [fault('art.too_large', `${content.length} bytes, at most ${row.maxBytes} are allowed`)],
      warnings: [],
    };
  switch (row.type) {
    case 'brd':
      return outcome(parseBrd(content, item));
    case 'trz':
      return outcome(parseTrz(content, item));
    case 'acceptance-criteria':
      return outcome(parseAcceptance(content, item));
    case 'test-plan':
      return outcome(parseTestPlan(content, { item }));
    case 'adr':
      return outcome(parseAdr(content, item, name));
    case 'questions':
    case 'conflict': {
      const read = readSignal(content, name as '01-questions.md' | '06-conflict.md', item);
      // An unedited signal signals nothing; the item goes on, so it only warns. A foreign or unreadable one is refused.
      if (read.kind === 'text') return { faults: [], warnings: read.warnings };
      const soft = read.warnings.filter(({ code }) => code === 'art.skeleton' || code === 'art.empty');
      return { faults: read.warnings.filter((warning) => !soft.includes(warning)), warnings: soft };
    }
    case 'review':
      return checkReview(content, item);
    case 'test-report':
    case 'deploy-log':
    case 'staging-log':
      return {
        faults: [fault('art.untrusted', `${name} is written by the ${row.writer}, never by an agent`)],
        warnings: [],
      };
    default:
      return outcome(readDocument(content, { item, name, substantial: row.type === 'infra-requirements' }));
  }
}

function checkReview(content: Buffer, item: string): ArtifactCheck {
  const read = parseReviewDraft(content, item);
  if (!read.ok) return outcome(read);
  const judged = judgeReview(read.data, read.body);
  return { faults: judged.kind === 'not-judged' ? [judged.fault] : [], warnings: read.warnings };
}

function outcome(read: Reading<unknown>): ArtifactCheck {
  return read.ok
    ? { faults: [], warnings: read.warnings }
    : { faults: [{ code: read.code, line: read.line, text: read.text }], warnings: [] };
}
