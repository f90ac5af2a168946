const TRACKS = [
  { id: 1, title: 'Ridge walk', km: 12.4, date: '2026-05-02' },
  { id: 2, title: 'Lake loop, "the long one"', km: 21.1, date: '2026-05-09' },
  { id: 3, title: '=1+1 steps to the tower', km: 3.7, date: '2026-05-17' },
];

/** All tracks, oldest first. */
export function listTracks() {
  return TRACKS.map((track) => ({ ...track }));
}
