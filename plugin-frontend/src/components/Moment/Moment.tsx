import { formatMoment, formatMomentInFull } from '../../format';

/** A moment, short to read and full on hover, in the viewer's locale and zone; `iso` is RFC 3339, `now` milliseconds. */
export const Moment = ({ iso, now }: { iso: string; now: number }) => (
  <time dateTime={iso} title={formatMomentInFull(iso)}>
    {formatMoment(iso, now)}
  </time>
);
