import { type Signal, useSignal } from '@preact/signals';

/** What an input needs to show and change a text. */
export interface Field {
  readonly text: Signal<string>;
  readonly props: {
    readonly value: string;
    readonly onInput: (event: { readonly currentTarget: { readonly value: string } }) => void;
  };
}

/** The text of an input or a choice. */
export function useField(begin: string): Field {
  const text = useSignal(begin);
  return {
    text,
    props: {
      value: text.value,
      onInput: ({ currentTarget: { value } }) => {
        text.value = value;
      },
    },
  };
}

/** A handler of `submit` that stays on the page. */
export function submits(action: () => void): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    action();
  };
}
