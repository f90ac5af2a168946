import { publicBase } from '../report/links.ts';
import type { Session } from './engine.ts';

/** Address of the repository's page that people can open; null = none. spec: H-ALR-7 */
export function repositoryPage({ engine, config }: Session): string | null {
  const { public_url } = config.forge;
  return publicBase(public_url === '' ? engine.forge.webUrl : `${public_url.replace(/\/+$/, '')}/${engine.repository}`);
}
