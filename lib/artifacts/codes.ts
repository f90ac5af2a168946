/** Every detail code of artifacts, with its meaning for people. Verdicts and holds carry them as `detail`. spec: AR-VAL-6 */
export const ARTIFACT_CODES = {
  'fm.absent': 'the file does not start with a frontmatter block',
  'fm.unterminated': 'the frontmatter block has no closing --- line',
  'fm.yaml': 'the frontmatter is not valid YAML',
  'fm.not_mapping': 'the frontmatter is empty or not a list of keys',
  'fm.duplicate_key': 'a key stands twice',
  'fm.forbidden': 'anchors, aliases, tags, directives, merge keys and several documents are not allowed',
  'fm.too_large': 'a limit of the frontmatter is exceeded',
  'art.missing': 'a required file is missing',
  'art.empty': 'the file says too little',
  'art.skeleton': 'the file is an unedited template',
  'art.too_large': 'the file is larger than allowed',
  'art.encoding': 'the file is not clean UTF-8 text',
  'art.name': 'the file name has the wrong form',
  'art.secret': 'the file contains a secret',
  'art.foreign': 'the file belongs to another work item',
  'art.wrong_type': 'the file is another artifact',
  'art.no_verdict': 'the verdict key is missing',
  'art.unrecognised': 'a value is not one of the allowed ones',
  'art.contradiction': 'keys disagree so that nothing can be judged',
  'art.no_findings': 'changes are requested without a finding',
  'art.stale': 'the file was made for another round or other code',
  'art.untrusted': 'the file was not written by the pipeline',
  'art.readback': 'what was written reads back differently',
  'art.no_output': 'the agent finished and changed nothing',
  'plan.duplicate_id': 'two tests have the same id',
  'plan.field': 'a field of a test is missing or wrong',
  'scope.path': 'the path is outside what this role may write',
  'scope.mode': 'this kind of file is not allowed',
  'scope.name': 'the path has a forbidden form',
  'scope.size': 'the change is too large',
} as const;
export type ArtifactCode = keyof typeof ARTIFACT_CODES;

/** One thing that is wrong with a file: the code, the 1-based line when it is known, and a sentence with the value. */
export interface ArtifactFault {
  readonly code: ArtifactCode;
  readonly line: number | null;
  readonly text: string;
}

/** What reading an artifact gives. Warnings never change a verdict. spec: AR-FM-13 */
export type Reading<T> =
  | { readonly ok: true; readonly data: T; readonly body: string; readonly warnings: readonly ArtifactFault[] }
  | ({ readonly ok: false } & ArtifactFault);

/** What a delivery log says. `not-judged` is the producer's fault, never the developer's. */
export type LogVerdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly text: string }
  | { readonly kind: 'not-judged'; readonly fault: ArtifactFault };

/** A fault; `text` defaults to the meaning of the code. */
export function fault(
  code: ArtifactCode,
  text: string = ARTIFACT_CODES[code],
  line: number | null = null,
): ArtifactFault {
  return { code, line, text };
}

/** The same as a failed reading. */
export function failed(
  code: ArtifactCode,
  text?: string,
  line: number | null = null,
): { readonly ok: false } & ArtifactFault {
  return { ok: false, ...fault(code, text, line) };
}
