import { describe, expect, it } from 'vitest';
import { parseFragment } from './changelog.ts';

const codeOf = (source: string | Buffer) => {
  const read = parseFragment(source);
  return read.ok ? 'ok' : read.code;
};

describe('changelog.d/<ID>.md', () => {
  it('AR-CH-2: entries with their bullets and continuation lines', () => {
    expect(
      parseFragment('### Added\n- CSV export of tracks (ET-12).\n  With a button.\n\n### Fixed\n* Time zone.\n'),
    ).toMatchObject({
      ok: true,
      data: {
        entries: [
          { kind: 'Added', bullets: ['CSV export of tracks (ET-12).\n  With a button.'] },
          { kind: 'Fixed', bullets: ['Time zone.'] },
        ],
        none: null,
      },
    });
  });

  it('AR-CH-2: `### None` with a reason is the explicit "no entry"', () => {
    expect(parseFragment('### None\n- Only internal renaming.\n')).toMatchObject({
      ok: true,
      data: { entries: [], none: 'Only internal renaming.' },
    });
  });

  it.each([
    ['', 'art.empty'],
    ['\n \n', 'art.empty'],
    ['<!-- write an entry -->\n', 'art.empty'],
    ['### Added\n', 'art.empty'],
    ['### None\n', 'art.empty'],
    ['### None\n<reason>\n', 'art.empty'],
    ['### New\n- x\n', 'art.unrecognised'],
    ['### added\n- x\n', 'art.unrecognised'],
    ['## Added\n- x\n', 'art.unrecognised'],
    ['- x\n', 'art.unrecognised'],
    ['### Added\ntext without a bullet\n', 'art.unrecognised'],
    ['### Added\n- x\n### None\n- y\n', 'art.contradiction'],
    [`### Added\n- ${'x'.repeat(8 * 1024)}\n`, 'art.too_large'],
    [Buffer.from('### Added\n- \xe9\n', 'latin1'), 'art.encoding'],
  ])('AR-CH-2: %j is refused', (source, code) => {
    expect(codeOf(source)).toBe(code);
  });
});
