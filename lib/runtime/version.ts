import manifest from '../../package.json' with { type: 'json' };

/** Version of this release of Conveyor. */
export const VERSION: string = manifest.version;
