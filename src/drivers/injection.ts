// inversify's decorators record what a constructor takes by means of reflect-metadata, which must be loaded before the
// first of them runs: in the order in which modules are loaded, nobody but the decorators' own source can promise that.
import 'reflect-metadata/lite';
import * as inversify from 'inversify';

/** What a program is told that has another inversify than irqlab's peer dependency asks for. */
export function unfitInversify(): Error {
  return new Error(
    'irqlab needs inversify 8.2, and this program has another one: npm install inversify@~8.2.3 reflect-metadata@~0.2.2',
  );
}

// Asked of the whole module: a name that it lacks would be a SyntaxError before anybody could say what is needed.
if (!('injectFromBase' in inversify)) throw unfitInversify();

export const { inject, injectable, injectFromBase, optional } = inversify;
