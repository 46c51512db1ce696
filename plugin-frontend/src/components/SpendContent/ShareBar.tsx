import { clampRatio, formatRatio } from '../../format';
import styles from './SpendContent.module.css';

/** A share in words, and as a length beside the others of its column. */
export const ShareBar = ({ share }: { share: number }) => (
  <span className={styles.share}>
    <span aria-hidden className={styles.shareTrack}>
      <span
        className={styles.shareFill}
        style={{ inlineSize: `${clampRatio(share) * 100}%` }}
      />
    </span>
    <span className={styles.shareText}>{formatRatio(share)}</span>
  </span>
);
