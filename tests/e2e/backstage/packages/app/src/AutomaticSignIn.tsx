import { ProxiedSignInPage } from '@backstage/core-components';
import { SignInPageProps } from '@backstage/core-plugin-api';

/** A test that writes a user's name here before the page loads is signed in as that user. */
const SIGN_IN_AS = 'sign-in-as';

/** Signs in without a click: as the user whom a test has named, else as the guest. */
export const AutomaticSignIn = (props: SignInPageProps) => {
  const user = window.localStorage.getItem(SIGN_IN_AS);
  return user ? (
    <ProxiedSignInPage {...props} provider="test-user" headers={{ 'x-test-user': user }} />
  ) : (
    <ProxiedSignInPage {...props} provider="guest" />
  );
};
