import styles from './WholeNames.module.css';

/** Characters: a longer one may not fit into one line of a narrow card. */
const LONGEST_WHOLE = 24;

/** A sentence whose names and dates do not break at their hyphens: `tier-` at a line's end reads like a name. */
export const WholeNames = ({ text }: { text: string }) => (
  <>
    {text.split(/(\S+)/).map((word, index) =>
      word.includes('-') && word.length <= LONGEST_WHOLE ? (
        <span key={index} className={styles.whole}>
          {word}
        </span>
      ) : (
        word
      ),
    )}
  </>
);
