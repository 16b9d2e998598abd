/** A model card from parsed blocks: text nodes only, so a card can neither script nor load nor link. */
import type { ReactNode } from 'react';
import type { Block, Inline } from './markdown';
import styles from './CardText.module.css';

export function CardText({ blocks }: { blocks: readonly Block[] }) {
  return (
    <div className={styles.card}>
      {blocks.map((block, at) => (
        <BlockText key={at} block={block} />
      ))}
    </div>
  );
}

function BlockText({ block }: { block: Block }): ReactNode {
  switch (block.kind) {
    case 'heading': {
      // The page's own headings end at the second level.
      const Tag = block.level <= 2 ? 'h4' : 'h5';
      return (
        <Tag>
          <Line content={block.content} />
        </Tag>
      );
    }
    case 'paragraph':
      return (
        <p>
          <Line content={block.content} />
        </p>
      );
    case 'code':
      return <pre tabIndex={0}>{block.text}</pre>;
    case 'list': {
      const Tag = block.ordered ? 'ol' : 'ul';
      return (
        <Tag>
          {block.items.map((item, at) => (
            <li key={at}>
              <Line content={item} />
            </li>
          ))}
        </Tag>
      );
    }
    case 'table':
      return (
        <div className={styles.scroll} tabIndex={0} role="group">
          <table>
            {block.head.some(written) && (
              <thead>
                <tr>
                  {block.head.map((cell, at) =>
                    written(cell) ? (
                      <th key={at} scope="col">
                        <Line content={cell} />
                      </th>
                    ) : (
                      <td key={at} />
                    ),
                  )}
                </tr>
              </thead>
            )}
            <tbody>
              {block.rows.map((row, at) => (
                <tr key={at}>
                  {row.map((cell, column) => (
                    <td key={column}>
                      <Line content={cell} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}

/** Markdown's tables must have a head; an empty one names nothing. */
function written(cell: readonly Inline[]): boolean {
  return cell.some(({ text }) => text.trim() !== '');
}

function Line({ content }: { content: readonly Inline[] }) {
  return content.map((part, at) => {
    if (part.kind === 'code') return <code key={at}>{part.text}</code>;
    if (part.kind === 'strong') return <strong key={at}>{part.text}</strong>;
    return <span key={at}>{part.text}</span>;
  });
}
