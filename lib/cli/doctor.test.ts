import { describe, expect, it } from 'vitest';
import { doctorCommand } from './doctor.ts';

const env = { PATH: process.env['PATH'] };

describe('conveyor doctor', () => {
  it('without a forge it probes the runner, and prints JSON of the documented shape', async () => {
    const printed: string[] = [];
    await doctorCommand({ json: true, area: ['runner'] }, env, (text) => printed.push(text));
    const report = JSON.parse(printed.join('')) as { schema: number; probes: object[] };
    expect(Object.keys(report)).toEqual(['schema', 'at', 'version', 'result', 'probes']);
    expect(report.schema).toBe(1);
    expect(report.probes).toHaveLength(3);
    for (const probe of report.probes)
      expect(Object.keys(probe)).toEqual(['id', 'area', 'result', 'expected', 'actual', 'fix', 'why']);
  });

  it.each([
    [{ area: ['runer'] }, /there is no such area, choose from runner/],
    [{ area: ['forge'] }, /CONVEYOR_FORGE_URL is not set/],
    [{ repo: 'acme/trails' }, /CONVEYOR_FORGE_URL is not set/],
  ])('%j is wrong usage and says why', async (options, text) => {
    await expect(doctorCommand(options, env, () => undefined)).rejects.toThrow(text);
  });

  it('a repository that is not owner/name is wrong usage', async () => {
    const forge = { ...env, CONVEYOR_FORGE_URL: 'http://127.0.0.1:9' };
    await expect(doctorCommand({ repo: 'trails' }, forge, () => undefined)).rejects.toThrow(/owner\/name/);
  });

  it('a forge that is not there ends with exit code 3', async () => {
    const forge = { ...env, CONVEYOR_FORGE_URL: 'http://127.0.0.1:9' };
    expect(await doctorCommand({ area: ['forge'] }, forge, () => undefined)).toBe(3);
  });
});
