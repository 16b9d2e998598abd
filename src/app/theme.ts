/** Mantine's theme over the studio's own tokens (tokens.css). */
import {
  Button,
  createTheme,
  localStorageColorSchemeManager,
  Portal,
  SegmentedControl,
  Tooltip,
  type MantineColorScheme,
  type MantineColorSchemeManager,
  type MantineColorsTuple,
} from '@mantine/core';

const accent: MantineColorsTuple = [
  '#f0f0fb',
  '#e5e5f8',
  '#c9caf3',
  '#a5abff',
  '#8f95f5',
  '#7178e6',
  '#5a60d6',
  '#4a4fc4',
  '#3f44ab',
  '#33378c',
];

/** Mantine's surfaces on a dark page: ink first, page last. */
const dark: MantineColorsTuple = [
  '#e9ecf0',
  '#c3cad4',
  '#9aa4b2',
  '#7a8594',
  '#3a434f',
  '#2a313b',
  '#1e232b',
  '#171b21',
  '#101317',
  '#0c0f12',
];

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 8,
  fontSizes: { xs: '11.5px', sm: '13px', md: '14px' },
  respectReducedMotion: true,
  components: {
    // Menus and tooltips stand inside the main landmark, so that no content is outside of all landmarks.
    Portal: Portal.extend({ defaultProps: { target: '#content' } }),
    Button: Button.extend({
      vars: (_theme, { variant }) => ({
        root: variant === undefined || variant === 'filled' ? { '--button-color': 'var(--on-accent)' } : {},
      }),
    }),
    SegmentedControl: SegmentedControl.extend({ styles: { root: { backgroundColor: 'var(--sunken)' } } }),
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 350, multiline: true, maw: 320, withArrow: true, events: { hover: true, focus: true, touch: false } },
      // In the studio's own inks, as Mantine's pair are its cold greys.
      vars: () => ({ tooltip: { '--tooltip-bg': 'var(--ink)', '--tooltip-color': 'var(--panel)' } }),
    }),
  },
});

const stored = localStorageColorSchemeManager({ key: 'crossfade.theme' });
let asked: MantineColorScheme | null = null;
let tell: (scheme: MantineColorScheme) => void = () => undefined;

/** The person's choice, kept; one that an address asks for holds for this visit, until the person chooses. */
export const colorSchemeManager: MantineColorSchemeManager = {
  ...stored,
  get: (usual) => asked ?? stored.get(usual),
  set(scheme) {
    if (scheme !== asked) stored.set(scheme);
    asked = null;
  },
  subscribe(onUpdate) {
    tell = onUpdate;
    stored.subscribe(onUpdate);
  },
};

/** By an address. */
export function askForTheme(scheme: MantineColorScheme): void {
  asked = scheme;
  tell(scheme);
}
