/** Colours of the picture. */
export interface Colours {
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly bad: string;
  readonly warn: string;
  readonly chosen: string;
  /** From the least to the most. */
  readonly heat: readonly string[];
  /** Colour of text on each of them. */
  readonly heatInk: readonly string[];
}

type Rgb = readonly [number, number, number];

const HEAT_STEPS = 24;

/** Ends and middle of the scale: on white the most is dark, on black it is light. */
export const lightColours = colours(
  {
    paper: '#ffffff',
    panel: '#f3f5f8',
    ink: '#15191f',
    quiet: '#55606e',
    line: '#d5dbe3',
    accent: '#1d4f91',
    bad: '#c4161c',
    warn: '#b35c00',
    chosen: '#fff3c4',
  },
  [
    [226, 236, 248],
    [107, 160, 219],
    [13, 52, 112],
  ],
);

export const darkColours = colours(
  {
    paper: '#14171c',
    panel: '#1d2229',
    ink: '#e4e8ee',
    quiet: '#9aa5b4',
    line: '#2c343f',
    accent: '#7fb2f5',
    bad: '#ff6b66',
    warn: '#f0a040',
    chosen: '#3a3413',
  },
  [
    [30, 44, 64],
    [54, 108, 173],
    [170, 214, 255],
  ],
);

/** Which of the steps a value has on a logarithmic scale that ends at `most`. */
export function heatStep(value: number, most: number): number {
  if (value <= 0 || most <= 0) return 0;
  return Math.min(HEAT_STEPS - 1, Math.floor((Math.log1p(value) / Math.log1p(most)) * (HEAT_STEPS - 1)));
}

function colours(base: Omit<Colours, 'heat' | 'heatInk'>, scale: readonly [Rgb, Rgb, Rgb]): Colours {
  const steps = Array.from({ length: HEAT_STEPS }, (_, i) => mixed(scale, i / (HEAT_STEPS - 1)));
  return {
    ...base,
    heat: steps.map(([red, green, blue]) => `rgb(${red} ${green} ${blue})`),
    heatInk: steps.map((step) => (luminance(step) > 0.2 ? '#0b0f14' : '#ffffff')),
  };
}

function mixed([low, middle, high]: readonly [Rgb, Rgb, Rgb], part: number): Rgb {
  const [from, to, at] = part < 0.5 ? [low, middle, part * 2] : [middle, high, part * 2 - 1];
  const between = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * at);
  return [between(0), between(1), between(2)];
}

/** As WCAG has it. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
