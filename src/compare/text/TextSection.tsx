/** What the weights write, and what they make of a text: several prompts side by side, then one text token by token. */
import { GeneratePanel } from './GeneratePanel';
import { TokenPanel } from './TokenPanel';

export default function TextSection() {
  return (
    <>
      <GeneratePanel />
      <TokenPanel />
    </>
  );
}
