import {
  KeeptrustsError,
  KeeptrustsErrorKind,
  UnreachableError,
  UnreachablePart,
} from '../../api';
import { Translate, useTranslation } from '../../translation';

/** An error in words for a person. */
export interface FailureText {
  title: string;
  description: string;
}

type Texts<K extends string> = Record<
  K,
  (t: Translate, error: KeeptrustsError) => FailureText
>;

// Every key is written out: over keys that are put together TypeScript runs out of memory.
const OF_KIND: Texts<Exclude<KeeptrustsErrorKind, 'unreachable'>> = {
  'not-permitted': (t, { status }) =>
    status === 401
      ? {
          title: t('failure.signedOut.title'),
          description: t('failure.signedOut.description'),
        }
      : {
          title: t('failure.notPermitted.title'),
          description: t('failure.notPermitted.description'),
        },
  'not-found': t => ({
    title: t('failure.notFound.title'),
    description: t('failure.notFound.description'),
  }),
  'not-configured': t => ({
    title: t('failure.notConfigured.title'),
    description: t('failure.notConfigured.description'),
  }),
  contract: t => ({
    title: t('failure.contract.title'),
    description: t('failure.contract.description'),
  }),
  service: t => ({
    title: t('failure.service.title'),
    description: t('failure.service.description'),
  }),
};

const OF_UNREACHABLE: Texts<UnreachablePart> = {
  service: t => ({
    title: t('failure.serviceUnreachable.title'),
    description: t('failure.serviceUnreachable.description'),
  }),
  keeptrusts: t => ({
    title: t('failure.keeptrustsUnreachable.title'),
    description: t('failure.keeptrustsUnreachable.description'),
  }),
  catalog: t => ({
    title: t('failure.catalogUnreachable.title'),
    description: t('failure.catalogUnreachable.description'),
  }),
  identity: t => ({
    title: t('failure.identityUnreachable.title'),
    description: t('failure.identityUnreachable.description'),
  }),
};

/** Says what an error means: one text a cause. */
export function failureText(t: Translate, error: KeeptrustsError): FailureText {
  if (error.kind === 'unreachable')
    return OF_UNREACHABLE[(error as UnreachableError).part](t, error);
  return OF_KIND[error.kind](t, error);
}

/** `failureText` in the viewer's language. */
export function useFailureText(): (error: KeeptrustsError) => FailureText {
  const { t } = useTranslation();
  return error => failureText(t, error);
}
