import { describe, expect, it } from 'vitest';
import { STAGE_TABLE } from '../pipeline/stages.ts';
import { artifactName, artifactPath, fragmentPath, ownerOfPath } from './paths.ts';
import { STAMPS } from './stamp.ts';
import { ADR_NAME, ARTIFACTS, artifactRow, HANDOFF } from './table.ts';

describe('the artifact table', () => {
  it('AR-DIR-1: names are unique and no reserved number is in use', () => {
    const names = ARTIFACTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).not.toMatch(/^(05|09|11|1[6-9]|[2-9]\d)/);
  });

  it('AR-DIR-2: only exact names are artifacts', () => {
    for (const { name } of ARTIFACTS.filter((row) => row.name !== ADR_NAME)) expect(artifactRow(name)?.name).toBe(name);
    for (const name of [
      '12-Review.md',
      '12-review (1).md',
      '12-review.md.bak',
      ADR_NAME,
      '06-adr/',
      '',
      'toString',
      '06-adr/ADR-01-x.md',
    ])
      expect(artifactRow(name)).toBeNull();
    expect(artifactRow('06-adr/ADR-012-a-b.md')?.writer).toBe('architect');
  });

  it('every verdict has a stamp of its type, and nothing else has', () => {
    const verdicts = ARTIFACTS.filter(({ kind }) => kind === 'verdict');
    expect(Object.entries(STAMPS).map(([name, { type }]) => [name, type])).toEqual(
      verdicts.map(({ name, type }) => [name, type]),
    );
  });

  it('the stage table and the hand-over table name the same stages and files', () => {
    for (const { stage, artifacts } of STAGE_TABLE)
      for (const artifact of artifacts.filter((text) => /^\d\d/.test(text)))
        expect(ARTIFACTS.find(({ name }) => name === artifact)?.stage, artifact).toBe(stage);
    expect(HANDOFF.map(({ stage }) => stage)).toEqual(
      STAGE_TABLE.map(({ stage }) => stage).filter((stage) => stage !== 'done' && stage !== 'cancelled'),
    );
  });

  it('paths go both ways', () => {
    expect(artifactName('ET-12', artifactPath('ET-12', '12-review.md'))).toBe('12-review.md');
    expect(artifactName('ET-12', 'docs/work-items/ET-123/12-review.md')).toBeNull();
    expect(artifactName('ET-12', 'docs/work-items/ET-12/')).toBeNull();
    expect(ownerOfPath('Docs/WORK-items/ET-9/x')).toBe('ET-9');
    expect(ownerOfPath('docs/work-items')).toBe('');
    expect(ownerOfPath('docs/work-itemsx/ET-9')).toBeNull();
    expect(fragmentPath('ET-12')).toBe('changelog.d/ET-12.md');
  });
});
