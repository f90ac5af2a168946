import { distance } from 'fastest-levenshtein';

/** Every name of the product outside the open families. spec: operations §1.3 */
const NAMES = [
  'BOT_TOKEN TRACKER_TOKEN CHAT_TOKEN CHAT_ID AGENT_KEY AGENT_TIMEOUTS BACKUP_TOKEN',
  'INTAKE DEPLOY AGENTS FLEET_INTAKE FLEET_DEPLOY FLEET_AGENTS RELAY_URL LOG_LEVEL',
  'RELAY_CONFIG RELAY_FORGE_TOKEN RELAY_TRACKER_TOKEN RELAY_CHAT_TOKEN RELAY_WEBHOOK_SECRET RELAY_WEBHOOK_SECRET_PREVIOUS',
  'RELAY_FORGE_SECRET RELAY_FORGE_SECRET_PREVIOUS RELAY_STATUS_TOKEN',
  'FORGE_URL FORGE_TOKEN TRACKER_URL TRACKER_KEY PLANE_TEST_WRITE PLANE_SANDBOX_PROJECTS TEST',
]
  .flatMap((line) => line.split(' '))
  .map((name) => `CONVEYOR_${name}`);
const FAMILIES = /^CONVEYOR_(DEPLOY|AGENT_MODEL|AGENT_EFFORT|TRACKER_BOT)_/;

/** One text per `CONVEYOR_*` name that nothing reads, with the nearest known one: a typing error must not switch something off. */
export function unknownNames(
  environment: Readonly<Record<string, string | undefined>>,
  alsoKnown: readonly string[],
): string[] {
  const known = new Set([...NAMES, ...alsoKnown]);
  return Object.keys(environment)
    .filter((name) => name.startsWith('CONVEYOR_') && !known.has(name) && !FAMILIES.test(name))
    .toSorted()
    .map((name) => {
      const near = [...known].toSorted((a, b) => distance(a, name) - distance(b, name))[0] ?? '';
      return `environment: ${name} is not a name of Conveyor (did you mean ${near}?)`;
    });
}
