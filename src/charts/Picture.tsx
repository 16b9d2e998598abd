/** A still picture on a page. */
import { createElement, Fragment, type ReactNode } from 'react';
import { rounded, type SvgNode } from './svg';

export function Picture({ picture }: { picture: SvgNode }) {
  return shown(picture, 0);
}

function shown({ tag, attributes, children }: SvgNode, key: number): ReactNode {
  const props = Object.entries(attributes).map(([name, value]) => [propOf(name), typeof value === 'number' ? rounded(value) : value]);
  return createElement(
    tag,
    { key, ...(Object.fromEntries(props) as object) },
    ...children.map((child, at) => (typeof child === 'string' ? <Fragment key={at}>{child}</Fragment> : shown(child, at))),
  );
}

/** React's name of an attribute: "stroke-width" is strokeWidth, "aria-label" stays. */
const propOf = (name: string): string =>
  name === 'class' ? 'className' : name.startsWith('aria-') ? name : name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
