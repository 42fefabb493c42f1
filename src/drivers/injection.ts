// inversify's decorators record what a constructor takes by means of reflect-metadata, which must be loaded before the
// first of them runs: in the order in which modules are loaded, nobody but the decorators' own source can promise that.
import 'reflect-metadata/lite';

export { inject, injectable, injectFromBase, optional } from 'inversify';
