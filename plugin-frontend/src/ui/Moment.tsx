import { useWords } from '../translations';

/** A moment, short to read and full on hover, in the reader's language and zone; `iso` is RFC 3339, `now` milliseconds. */
export function Moment({ iso, now }: { iso: string; now: number }) {
  const { moment, momentInFull } = useWords();
  return (
    <time dateTime={iso} title={momentInFull(iso)}>
      {moment(iso, now)}
    </time>
  );
}
