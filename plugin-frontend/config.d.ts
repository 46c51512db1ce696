export interface Config {
  keeptrusts?: {
    /**
     * Where the service is reached below Backstage's proxy: a key of `proxy.endpoints`. The default is `/keeptrusts`.
     *
     * @visibility frontend
     */
    proxyPath?: string;

    /**
     * Further instances of Keeptrusts, each with a service of its own: by the name that its entities have in
     * `keeptrusts.dev/instance`, where its service is reached below Backstage's proxy.
     */
    instances?: {
      /**
       * @visibility frontend
       */
      [name: string]: string;
    };
  };
}
