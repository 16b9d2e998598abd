/** Mantine's theme over the studio's own tokens (tokens.css). */
import { createTheme, localStorageColorSchemeManager, Tooltip, type MantineColorsTuple } from '@mantine/core';

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

export const theme = createTheme({
  colors: { accent },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 8,
  fontSizes: { xs: '11.5px', sm: '13px', md: '14px' },
  respectReducedMotion: true,
  components: {
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 350, multiline: true, maw: 320, withArrow: true, events: { hover: true, focus: true, touch: false } },
    }),
  },
});

export const colorSchemeManager = localStorageColorSchemeManager({ key: 'crossfade.theme' });
