/** Microseconds since 1970 of an ISO time with up to six fractional digits (Plane drops the fraction when it is zero). NaN when unreadable. Pure. */
export function instantMicros(iso: string): number {
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const whole = Date.parse(iso.replace(/\.\d+/, ''));
  return whole * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** ISO time with six fractional digits, the inverse of `instantMicros`. Pure. */
export function renderMicros(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}Z`;
}
